-- Cleaning up Storage. Deleting rows of storage.objects would leave the bytes, so the database only names the objects, and
-- the Edge Function clean-storage removes them by Storage's API.
--
--   pg_cron, hourly ──▶ clean-storage ──▶ storage_leftovers ──▶ Storage: rows and bytes

create function public.storage_leftovers(p_limit integer default 1000) returns table (bucket_id text, name text)
language sql stable security invoker set search_path = ''
as $$
  select object.bucket_id, object.name
  from storage.objects as object
  -- Ids as uuid, so that each object is looked up by an index. A hash of whole tables would have to fit into work_mem.
  cross join lateral (
    select
      private.try_uuid(pg_catalog.split_part(object.name, '/', 1)) as incident_id,
      private.try_uuid(pg_catalog.split_part(object.name, '/', 2)) as subject_id
  ) as part
  where object.name ~ '^[0-9a-f-]{36}/[0-9a-f-]{36}(/|$)'
    and case object.bucket_id
      when 'uploads' then
        -- Submitted: a leftover once the original is kept, which its worker failed to remove. Before that it is the only copy.
        case
          when exists (select from public.documents as document where document.source_path = object.name)
          then object.created_at < pg_catalog.now() - interval '1 hour' and exists (
            select from public.documents as document
            where document.source_path = object.name and document.original_path is not null
          )
          -- An hour more than submit_upload accepts, so that no upload disappears while it is being submitted.
          else object.created_at < pg_catalog.now() - private.upload_lifetime() - interval '1 hour'
        end
      when 'originals' then
        object.created_at < pg_catalog.now() - interval '1 day'
        and not exists (select from public.documents as document where document.id = part.subject_id)
        -- Duplicates may share the original of a document that was deleted.
        and not exists (
          select from public.documents as document
          where document.incident_id = part.incident_id and document.original_path = object.name
        )
      when 'derivatives' then
        object.created_at < pg_catalog.now() - interval '1 day'
        and not exists (select from public.documents as document where document.id = part.subject_id)
      when 'reports' then
        object.created_at < pg_catalog.now() - interval '1 day'
        and not exists (select from public.reports as report where report.id = part.subject_id)
      else false
    end
  limit greatest(p_limit, 0);
$$;
comment on function public.storage_leftovers(integer) is
  'Objects that can be removed: uploads that were not submitted in time or are kept as originals, and files whose document or report was deleted.';
revoke execute on function public.storage_leftovers(integer) from public, anon, authenticated;
grant execute on function public.storage_leftovers(integer) to service_role;

create function private.clean_storage() returns bigint
language sql volatile security invoker set search_path = ''
as $$
  select net.http_post(
    url := pg_catalog.rtrim(project_url.decrypted_secret, '/') || '/functions/v1/clean-storage',
    body := '{}'::jsonb,
    headers := pg_catalog.jsonb_build_object(
      'content-type', 'application/json', 'apikey', secret_key.decrypted_secret
    ),
    timeout_milliseconds := 60000
  )
  from vault.decrypted_secrets as project_url, vault.decrypted_secrets as secret_key
  where project_url.name = 'project_url' and secret_key.name = 'secret_key';
$$;
comment on function private.clean_storage() is
  'Calls the Edge Function clean-storage, which removes what storage_leftovers names. Null when the vault has no project_url or secret_key.';
revoke execute on function private.clean_storage() from public, anon, authenticated;
