-- Uploads: a member's browser puts a file straight into the bucket `uploads`, as <incident_id>/<uuid>, then submits it.
-- The upload is only a way station: it goes once its bytes are kept as an original.
--
--   browser ──▶ uploads ──▶ submit_upload ──▶ document, job ──▶ original kept ──▶ upload removed
--                  └── not submitted within a day ──▶ removed by the function clean-storage

alter table private.limits
add column max_open_uploads integer not null default 100,
add column max_incident_documents integer not null default 1000,
add constraint limits_max_open_uploads_is_positive check (max_open_uploads > 0),
add constraint limits_max_incident_documents_is_positive check (max_incident_documents > 0);
comment on column private.limits.max_open_uploads is
  'Files that a user may have in the bucket uploads at a time, each at most 25 MB.';
comment on column private.limits.max_incident_documents is
  'Documents of an incident beyond which members can add none; what forms send is not counted against them.';

insert into storage.buckets (id, name, public, file_size_limit)
values ('uploads', 'uploads', false, 26214400)
on conflict (id) do update
set public = excluded.public, file_size_limit = excluded.file_size_limit;

create function private.may_upload(p_name text)
returns boolean
language sql
stable
-- Definer: people see no upload, not even their own, so the policy could not count them itself.
security definer
set search_path = ''
as $$
  select (
    select count(*)
    from storage.objects as object
    where object.bucket_id = 'uploads' and object.owner_id = (select auth.uid())::text
  ) < (select limits.max_open_uploads from private.limits as limits)
  and not exists (select from public.documents as document where document.source_path = p_name);
$$;
comment on function private.may_upload(text) is
  'Whether the caller has fewer uploads than allowed and the name was never submitted: what was, is evidence and gets no other bytes. Uploads that are still arriving have no row and are not counted.';
revoke execute on function private.may_upload(text) from public, anon, authenticated;
grant execute on function private.may_upload(text) to authenticated;

-- Lower case, as workers compare names; exactly two parts, so that nothing hides in deeper folders.
create policy "Members can upload into the folder of their incidents"
on storage.objects for insert to authenticated
with check (
  bucket_id = 'uploads'
  and name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  and private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
  and private.may_upload(name)
);

create unique index documents_source_path_key on public.documents (source_path);

create function private.base_name(p_file_name text)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select private.clean_text(
    case
      -- Cut in the stem: the extension says what the file is.
      when pg_catalog.char_length(name.base) > 200
      then pg_catalog.left(name.base, 200 - pg_catalog.char_length(name.extension)) || name.extension
      else name.base
    end,
    200
  )
  from (
    select base.base, coalesce(substring(base.base from '\.[A-Za-z0-9]{1,10}$'), '') as extension
    from (
      -- Line breaks are no part of a name; what is before a slash of either kind is a folder of somebody's device.
      select substring(
        pg_catalog.translate(private.clean_text(p_file_name, 5000), E'\n\t', '  ') from '[^/\\]*$'
      ) as base
    ) as base
  ) as name
  where pg_catalog.btrim(name.base, ' .') <> '';
$$;
comment on function private.base_name(text) is
  'A file''s name for display: one safe line of at most 200 characters, without folders; null where nothing is left.';
revoke execute on function private.base_name(text) from public, anon, authenticated;
grant execute on function private.base_name(text) to service_role;

create function public.submit_upload(p_incident_id uuid, p_path text, p_file_name text)
returns public.documents
language plpgsql
volatile
-- Definer: people write no table and see no upload; what they may submit is checked here.
security definer
set search_path = ''
as $$
declare
  -- Uploads are removed an hour after this, so none goes while it is being submitted.
  v_open_for constant interval := '24 hours';
  v_owner_id uuid;
  v_file_name constant text := private.base_name(p_file_name);
  v_kind constant text := private.document_kind(v_file_name, null);
  v_document public.documents;
begin
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can submit files.';
  end if;
  if not private.is_incident_member(p_incident_id) then
    raise exception 'incident_not_found' using
      errcode = 'PT404', detail = 'There is no such incident that the caller is a member of.';
  end if;
  if pg_catalog.split_part(p_path, '/', 1) is distinct from p_incident_id::text then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The file is not in the incident''s folder.';
  end if;

  -- Two submissions at the same moment: the second waits here and finds the first's document.
  select incident.user_id into v_owner_id
  from public.incidents as incident
  where incident.id = p_incident_id
  for no key update;

  select * into v_document from public.documents as document where document.source_path = p_path;
  if found then
    return v_document;
  end if;

  if not exists (
    select from storage.objects as object
    where object.bucket_id = 'uploads' and object.name = p_path and object.created_at > pg_catalog.now() - v_open_for
  ) then
    raise exception 'upload_not_found' using
      errcode = 'PT404', detail = 'Nothing was uploaded there during the last 24 hours.';
  end if;
  if (select count(*) from public.documents as document where document.incident_id = p_incident_id)
    >= (select limits.max_incident_documents from private.limits as limits)
  then
    raise exception 'too_many_documents' using errcode = 'PT409', detail = 'private.limits says how many there may be.';
  end if;

  insert into public.documents (incident_id, user_id, kind, document_type, source_path, file_name)
  values (p_incident_id, v_owner_id, v_kind, v_kind, p_path, v_file_name)
  returning * into v_document;
  -- Again, for the job that it has been given.
  select * into v_document from public.documents as document where document.id = v_document.id;
  return v_document;
end;
$$;
comment on function public.submit_upload(uuid, text, text) is
  'Makes a document of the object p_path in the bucket uploads, once, and starts its work; photo, audio or attachment by the name''s extension. Returns the document. Errors: not_signed_in, incident_not_found, invalid_arguments, upload_not_found, too_many_documents.';
revoke execute on function public.submit_upload(uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function public.submit_upload(uuid, text, text) to authenticated;
