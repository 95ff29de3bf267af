-- Evidence: the bytes of an original as they were received. What a document says of its original is written once, and the
-- object in Storage cannot be replaced or removed while a document points to it. Both hold for every role and every way in:
-- signed URL, resumable upload, upsert, move, copy, a worker with the secret key.
--
--   documents         sha256, byte_size, received_at, original_path, ...   null ──▶ value, never again
--   storage.objects   originals: kept while a document points there        uploads: closed once submitted
--   erase_document, erase_incident                                         the one way out, recorded in the custody log
--
-- Refusals in Storage have SQLSTATE 42501, which Storage answers with 403 and the message; it answers PTxxx with 500.

create function private.tg_documents__keep_evidence()
returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_column text;
begin
  v_column := case
    when new.id <> old.id then 'id'
    when new.incident_id <> old.incident_id then 'incident_id'
    when new.created_at <> old.created_at then 'created_at'
    when new.source_url is distinct from old.source_url then 'source_url'
    when new.source_path is distinct from old.source_path then 'source_path'
    when old.uploaded_by is not null and new.uploaded_by is distinct from old.uploaded_by and new.uploaded_by is not null
    then 'uploaded_by'
    when old.sha256 is not null and new.sha256 is distinct from old.sha256 then 'sha256'
    when old.byte_size is not null and new.byte_size is distinct from old.byte_size then 'byte_size'
    when old.content_type is not null and new.content_type is distinct from old.content_type then 'content_type'
    when old.received_at is not null and new.received_at is distinct from old.received_at then 'received_at'
    when old.original_path is not null and new.original_path is distinct from old.original_path then 'original_path'
  end;
  if v_column is not null then
    raise exception 'evidence_is_kept' using
      errcode = 'PT409', detail = pg_catalog.format('The column %s of a document is written once.', v_column);
  end if;
  return new;
end;
$$;
comment on function private.tg_documents__keep_evidence() is
  'Refuses a second value for what a document says of its original and where that came from. Errors: evidence_is_kept.';
revoke execute on function private.tg_documents__keep_evidence() from public, anon, authenticated;

create trigger tg_documents__keep_evidence
before update on public.documents
for each row execute function private.tg_documents__keep_evidence();

create function private.tg_objects__keep_evidence()
returns trigger
language plpgsql volatile
-- Definer: the writer of an object need not be able to read documents, limits and other people's uploads.
security definer set search_path = ''
as $$
declare
  v_limit bigint;
begin
  -- Storage stamps rows that it has read: a change of times alone changes no object.
  if tg_op = 'UPDATE'
    and (new.bucket_id, new.name, new.version, new.metadata, new.owner_id)
      is not distinct from (old.bucket_id, old.name, old.version, old.metadata, old.owner_id)
  then
    return new;
  end if;
  if tg_op <> 'INSERT' and exists (
    select
    from public.documents as document
    where (old.bucket_id = 'originals' and document.original_path = old.name)
      -- Submitted and not kept yet: the only copy.
      or (old.bucket_id = 'uploads' and document.source_path = old.name and document.original_path is null)
  ) then
    raise exception 'evidence_is_kept' using
      errcode = '42501', detail = 'The bytes of a document are neither replaced, moved nor removed.';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;

  -- Real Storage compares sizes with what a request announces; here is what has arrived.
  select bucket.file_size_limit into v_limit from storage.buckets as bucket where bucket.id = new.bucket_id;
  if new.bucket_id in ('originals', 'derivatives', 'reports', 'uploads')
    and private.object_size(new.metadata) > v_limit
  then
    raise exception 'file_too_large' using
      errcode = '42501',
      detail = pg_catalog.format('An object of the bucket %s has at most %s bytes.', new.bucket_id, v_limit);
  end if;
  if new.bucket_id = 'uploads' then
    if exists (select from public.documents as document where document.source_path = new.name) then
      raise exception 'upload_is_submitted' using
        errcode = '42501', detail = 'A submitted path gets no other bytes: upload the file under another name.';
    end if;
    perform private.count_upload(new.name, new.owner_id, private.object_size(new.metadata));
  end if;
  return new;
end;
$$;
comment on function private.tg_objects__keep_evidence() is
  'Keeps originals that a document points to, closes submitted uploads, and holds sizes and counts where bytes arrive. Errors, each with SQLSTATE 42501: evidence_is_kept, file_too_large, upload_is_submitted, too_many_uploads.';
revoke execute on function private.tg_objects__keep_evidence() from public, anon, authenticated;

create trigger tg_objects__keep_evidence
before insert or update or delete on storage.objects
for each row execute function private.tg_objects__keep_evidence();

create function private.object_size(p_metadata jsonb)
returns bigint
language sql immutable parallel safe security invoker set search_path = ''
as $$
  select case when p_metadata ->> 'size' ~ '^[0-9]{1,15}$' then (p_metadata ->> 'size')::bigint else 0 end;
$$;
comment on function private.object_size(jsonb) is 'Bytes of an object as Storage''s metadata tell; 0 where they do not.';
revoke execute on function private.object_size(jsonb) from public, anon, authenticated;

-- Members open originals one by one: each opening is in the custody log before the first byte leaves Storage.

create table private.original_grants (
  user_id uuid not null references auth.users (id) on delete cascade,
  document_id uuid not null references public.documents (id) on delete cascade,
  expires_at timestamptz not null,
  primary key (user_id, document_id)
);
comment on table private.original_grants is 'Originals that a member may sign a URL for or download, for a minute after open_original.';
create index original_grants_document_id_idx on private.original_grants (document_id);
alter table private.original_grants enable row level security;
revoke all on table private.original_grants from public, anon, authenticated, service_role;

create function public.open_original(p_document_id uuid, p_purpose text default 'view')
returns jsonb
language plpgsql volatile
-- Definer: people write neither grants nor the custody log.
security definer set search_path = ''
as $$
declare
  v_valid_for constant interval := '60 seconds';
  v_user_id constant uuid := auth.uid();
  v_now constant timestamptz := pg_catalog.clock_timestamp();
  v_document public.documents;
begin
  perform private.check_size('p_purpose', pg_catalog.octet_length(p_purpose), 64);
  perform private.count_call('open_original');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can open originals.';
  end if;
  if p_purpose is null or p_purpose not in ('view', 'download') then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A purpose is view or download.';
  end if;
  select * into v_document from public.documents as document where document.id = p_document_id;
  if not found or not private.is_incident_member(v_document.incident_id) or v_document.original_path is null then
    raise exception 'document_not_found' using
      errcode = 'PT404', detail = 'There is no such document with a kept original that the caller may see.';
  end if;

  insert into private.original_grants as held (user_id, document_id, expires_at)
  values (v_user_id, p_document_id, v_now + v_valid_for)
  on conflict (user_id, document_id) do update set expires_at = excluded.expires_at;
  perform private.add_custody_event(
    v_document.incident_id,
    case p_purpose when 'view' then 'viewed' else 'downloaded' end,
    v_document.id, v_document.sha256, v_document.byte_size
  );
  return pg_catalog.jsonb_build_object(
    'bucket', 'originals',
    'path', v_document.original_path,
    'sha256', v_document.sha256,
    'fileName', v_document.file_name,
    'expiresAt', private.iso_timestamp(v_now + v_valid_for)
  );
end;
$$;
comment on function public.open_original(uuid, text) is
  'Writes into the custody log that the caller views or downloads an original, and lets them sign a URL for it during the next 60 seconds. Returns {bucket, path, sha256, fileName, expiresAt}. Errors: rate_limited, not_signed_in, invalid_arguments, document_not_found.';
revoke execute on function public.open_original(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.open_original(uuid, text) to authenticated;

create function private.may_read_original(p_name text)
returns boolean
language sql stable
-- Definer: people read no grant.
security definer set search_path = ''
as $$
  select exists (
    select
    from private.original_grants as held
    join public.documents as document on document.id = held.document_id
    where held.user_id = (select auth.uid())
      and held.expires_at > pg_catalog.now()
      and document.original_path = p_name
      -- As long as a name of Storage can be.
      and pg_catalog.octet_length(p_name) <= 1024
      and private.is_incident_member(document.incident_id)
  );
$$;
comment on function private.may_read_original(text) is 'Whether the caller opened the original of this name within the last minute and is still a member.';
revoke execute on function private.may_read_original(text) from public, anon, authenticated;
grant execute on function private.may_read_original(text) to authenticated;

create policy "Members can read originals that they have opened"
on storage.objects for select to authenticated
using (bucket_id = 'originals' and private.may_read_original(name));

-- Erasure: the one way in which evidence goes. The custody log keeps that, when and why it went.

create function public.erase_incident(p_incident_id uuid, p_reason text)
returns bigint
language plpgsql volatile
-- Definer: service_role deletes no incident by itself.
security definer set search_path = ''
as $$
declare
  v_documents bigint;
begin
  perform private.set_erasure_reason(p_reason);
  select pg_catalog.count(*) into v_documents from public.documents as document where document.incident_id = p_incident_id;
  delete from public.incidents as incident where incident.id = p_incident_id;
  if not found then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;
  return v_documents;
end;
$$;
comment on function public.erase_incident(uuid, text) is
  'Deletes an incident with everything in it; clean-storage removes the files within the hour. The reason (1 to 400 characters) stays in the custody log. Returns the number of documents. Errors: message_too_large, invalid_arguments, incident_not_found.';
revoke execute on function public.erase_incident(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.erase_incident(uuid, text) to service_role;

create function public.erase_document(p_document_id uuid, p_reason text)
returns void
language plpgsql volatile
-- Definer: service_role deletes no document by itself.
security definer set search_path = ''
as $$
begin
  perform private.set_erasure_reason(p_reason);
  delete from public.documents as document where document.id = p_document_id;
  if not found then
    raise exception 'document_not_found' using errcode = 'PT404', detail = 'There is no such document.';
  end if;
end;
$$;
comment on function public.erase_document(uuid, text) is
  'Deletes a document; clean-storage removes its files within the hour, but for an original that other documents share. The reason (1 to 400 characters) stays in the custody log. Errors: message_too_large, invalid_arguments, document_not_found.';
revoke execute on function public.erase_document(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.erase_document(uuid, text) to service_role;

create function private.set_erasure_reason(p_reason text)
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform private.check_size('p_reason', pg_catalog.octet_length(p_reason), 1600);
  if p_reason is null or private.clean_text(p_reason, 400) is null then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'An erasure has a reason of 1 to 400 characters.';
  end if;
  perform pg_catalog.set_config('claimwire.erasure_reason', private.clean_text(p_reason, 400), true);
end;
$$;
comment on function private.set_erasure_reason(text) is 'Keeps the reason until the transaction ends, for the trigger that writes the custody log. Errors: message_too_large, invalid_arguments.';
revoke execute on function private.set_erasure_reason(text) from public, anon, authenticated;
