-- Uploads: a member's browser puts a file straight into the bucket uploads, as <incident_id>/<uuid>, and submits it. The
-- upload is removed once its bytes are kept as an original.
--
--   browser ──▶ uploads ──▶ submit_upload ──▶ document, job ──▶ original kept ──▶ upload removed
--                  └── not submitted within upload_lifetime() ──▶ removed by the Edge Function clean-storage
--
-- Uploads that are still arriving count towards the limit, as far as Storage has rows of them. Storage asks the policy
-- before the first byte of an upload in parts, before each part, and when it makes the object. So the upload that is being
-- asked about must not count against itself: names are counted, without that one.

create function private.open_uploads(p_owner_id text, p_except_name text) returns bigint
language plpgsql stable
security invoker set search_path = ''
as $$
begin
  -- A table of Storage, which older versions do not have.
  if pg_catalog.to_regclass('storage.s3_multipart_uploads') is null
    or not pg_catalog.has_table_privilege('storage.s3_multipart_uploads', 'select')
  then
    return (
      select pg_catalog.count(*)
      from storage.objects as object
      where object.bucket_id = 'uploads' and object.owner_id = p_owner_id and object.name <> p_except_name
    );
  end if;
  return (
    select pg_catalog.count(*)
    from (
      select object.name
      from storage.objects as object
      where object.bucket_id = 'uploads' and object.owner_id = p_owner_id
      union
      select arriving.key
      from storage.s3_multipart_uploads as arriving
      where arriving.bucket_id = 'uploads'
        and arriving.owner_id = p_owner_id
        and arriving.created_at > pg_catalog.now() - private.upload_lifetime()
    ) as upload
    where upload.name <> p_except_name
  );
end;
$$;
comment on function private.open_uploads(text, text) is
  'Number of files that a user has in the bucket uploads or that are arriving there, without the named one. Called by may_upload, which is a definer.';
revoke execute on function private.open_uploads(text, text) from public, anon, authenticated;

create function private.may_upload(p_name text) returns boolean
language plpgsql stable
-- Definer: people cannot read uploads, not even their own, so the policy could not count them.
security definer set search_path = ''
as $$
begin
  -- A submitted upload is evidence: its name gets no other bytes. Storage's names have at most 1,024 bytes.
  if pg_catalog.octet_length(p_name) > 1024
    or private.incident_role(private.try_uuid(pg_catalog.split_part(p_name, '/', 1))) = 'viewer'
    or exists (select from public.documents as document where document.source_path = p_name) then
    return false;
  end if;
  if private.open_uploads(auth.uid()::text, p_name)
    >= (select limits.max_open_uploads from private.limits as limits)
  then
    perform private.refuse_upload();
  end if;
  return true;
end;
$$;
comment on function private.may_upload(text) is
  'Whether the caller may add files to the incident, and the name was never submitted. Asked before an upload begins; count_upload decides when the bytes have arrived. Errors: too_many_uploads, where the caller has as many as allowed, those included that are still arriving and that Storage has rows of.';
revoke execute on function private.may_upload(text) from public, anon, authenticated;
grant execute on function private.may_upload(text) to authenticated;

create function private.refuse_upload()
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  -- Storage answers 42501 with 403 and the message; it answers PT429 with 500.
  raise exception 'too_many_uploads' using
    errcode = '42501', detail = 'private.limits says how many files and bytes there may be.';
end;
$$;
comment on function private.refuse_upload() is 'Raises too_many_uploads.';
revoke execute on function private.refuse_upload() from public, anon, authenticated;

create function private.count_upload(p_name text, p_owner_id text, p_size bigint)
returns void
language plpgsql volatile
-- Invoker: called by the trigger of storage.objects, which is a definer.
security invoker set search_path = ''
as $$
declare
  v_folder constant text := pg_catalog.split_part(p_name, '/', 1);
  v_files bigint;
  v_bytes bigint;
begin
  -- Uploads that end at the same moment are counted one after the other.
  perform pg_catalog.pg_advisory_xact_lock(
    pg_catalog.hashtextextended('uploads of ' || coalesce(p_owner_id, v_folder), 0)
  );
  -- An upload without an owner, as by a signed URL of a service, counts for its incident.
  select pg_catalog.count(*), coalesce(pg_catalog.sum(private.object_size(object.metadata)), 0)
  into v_files, v_bytes
  from storage.objects as object
  where object.bucket_id = 'uploads'
    and object.name <> p_name
    and case
      when p_owner_id is not null then object.owner_id = p_owner_id
      else object.owner_id is null and object.name like v_folder || '/%'
    end;
  if exists (
    select from private.limits as limits
    where v_files >= limits.max_open_uploads or v_bytes + p_size > limits.max_open_upload_bytes
  ) then
    perform private.refuse_upload();
  end if;
end;
$$;
comment on function private.count_upload(text, text, bigint) is
  'Counts an upload of p_size bytes whose bytes have arrived, however its URL was made. Errors: too_many_uploads.';
revoke execute on function private.count_upload(text, text, bigint) from public, anon, authenticated;

-- Names are in lower case, because workers compare them, and have exactly two parts.
create policy "Members can upload into the folder of their incidents"
on storage.objects for insert to authenticated
with check (
  bucket_id = 'uploads'
  and name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  and (
    (select private.is_admin())
    or private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
  )
  and private.may_upload(name)
);

create function public.submit_upload(p_incident_id uuid, p_path text, p_file_name text) returns public.documents
language plpgsql volatile
-- Definer: people write no table and cannot read uploads. The function checks what they may submit.
security definer set search_path = ''
as $$
declare
  v_owner_id uuid;
  v_uploaded_by uuid;
  v_file_name text;
  v_kind text;
  v_document public.documents;
begin
  perform private.check_size('p_path', pg_catalog.octet_length(p_path), 1024);
  perform private.check_size('p_file_name', pg_catalog.octet_length(p_file_name), 32768);
  perform private.count_call('submit_upload');
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can submit files.';
  end if;
  if not private.is_incident_member(p_incident_id) then
    raise exception 'incident_not_found' using
      errcode = 'PT404', detail = 'There is no such incident that the caller is a member of.';
  end if;
  perform private.refuse_viewer(p_incident_id);
  if pg_catalog.split_part(p_path, '/', 1) is distinct from p_incident_id::text then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The file is not in the incident''s folder.';
  end if;

  -- The message about a new voice note will lock the owner's head, which comes before the incident in the order of locks.
  perform private.lock_head(incident.user_id) from public.incidents as incident where incident.id = p_incident_id;
  -- Of two submissions of a file at the same moment, the second waits here and then finds the document.
  select incident.user_id into v_owner_id
  from public.incidents as incident
  where incident.id = p_incident_id
  for no key update;

  select * into v_document from public.documents as document where document.source_path = p_path;
  if found then
    return v_document;
  end if;

  select coalesce(private.try_uuid(object.owner_id), auth.uid())
  into v_uploaded_by
  from storage.objects as object
  where object.bucket_id = 'uploads' and object.name = p_path
    and object.created_at > pg_catalog.now() - private.upload_lifetime();
  if not found then
    raise exception 'upload_not_found' using
      errcode = 'PT404', detail = 'Nothing was uploaded there during the last 24 hours.';
  end if;
  if (select count(*) from public.documents as document where document.incident_id = p_incident_id)
    >= (select limits.max_incident_documents from private.limits as limits)
  then
    raise exception 'too_many_documents' using errcode = 'PT409', detail = 'private.limits says how many there may be.';
  end if;

  v_file_name := private.base_name(p_file_name);
  v_kind := private.document_kind(v_file_name, null);
  -- The uploader may have been deleted since.
  select account.id into v_uploaded_by from auth.users as account where account.id = v_uploaded_by;
  insert into public.documents (incident_id, user_id, kind, document_type, source_path, uploaded_by, file_name)
  values (p_incident_id, v_owner_id, v_kind, v_kind, p_path, v_uploaded_by, v_file_name)
  returning * into v_document;
  -- Read again, with the job that a trigger has given the document.
  select * into v_document from public.documents as document where document.id = v_document.id;
  return v_document;
end;
$$;
comment on function public.submit_upload(uuid, text, text) is
  'Makes a document of the object p_path in the bucket uploads and starts its work. Called again, it returns the same document. The extension of p_file_name decides between photo, audio and attachment. Errors: rate_limited, not_signed_in, incident_not_found, role_forbidden, invalid_arguments, upload_not_found, too_many_documents, file_empty.';
revoke execute on function public.submit_upload(uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function public.submit_upload(uuid, text, text) to authenticated;

create function private.tg_documents__refuse_empty() returns trigger
language plpgsql volatile
-- Definer: people cannot read uploads.
security definer set search_path = ''
as $$
begin
  if exists (
    select from storage.objects as object
    where object.bucket_id = 'uploads' and object.name = new.source_path and object.metadata ->> 'size' = '0'
  ) then
    raise exception 'file_empty' using errcode = 'PT422', detail = 'The upload has no byte.';
  end if;
  return new;
end;
$$;
comment on function private.tg_documents__refuse_empty() is 'Refuses a document whose upload is empty. Errors: file_empty.';
revoke execute on function private.tg_documents__refuse_empty() from public, anon, authenticated;

create trigger tg_documents__refuse_empty
before insert on public.documents
for each row when (new.source_path is not null)
execute function private.tg_documents__refuse_empty();
