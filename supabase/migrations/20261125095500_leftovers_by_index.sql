-- Each object is looked up by an index. With "not in" the tables had to fit into work_mem as a whole; beyond it the time
-- grew with the square of their size.

create or replace function public.storage_leftovers(p_limit integer default 1000)
returns table (bucket_id text, name text)
language sql
stable
security invoker
set search_path = ''
as $$
  select object.bucket_id, object.name
  from storage.objects as object
  cross join lateral (
    select
      private.try_uuid(pg_catalog.split_part(object.name, '/', 1)) as incident_id,
      private.try_uuid(pg_catalog.split_part(object.name, '/', 2)) as subject_id
  ) as part
  where object.name ~ '^[0-9a-f-]{36}/[0-9a-f-]{36}(/|$)'
    and case object.bucket_id
      when 'uploads' then
        -- Submitted and kept: its worker died before it came to remove it. Submitted and not kept: the only copy.
        case
          when exists (select from public.documents as document where document.source_path = object.name)
          then object.created_at < pg_catalog.now() - interval '1 hour' and exists (
            select from public.documents as document
            where document.source_path = object.name and document.original_path is not null
          )
          -- An hour more than submit_upload accepts.
          else object.created_at < pg_catalog.now() - interval '25 hours'
        end
      when 'originals' then
        object.created_at < pg_catalog.now() - interval '1 day'
        and not exists (select from public.documents as document where document.id = part.subject_id)
        -- Duplicates share the original of a document of their incident that may be gone.
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
  limit p_limit;
$$;
