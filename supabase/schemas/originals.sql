-- Originals: the files as they arrived, in the bucket originals. An object is named by its hash,
-- <incident_id>/<document_id>/<sha256>.<extension>, so that no upload overwrites other bytes. Of equal files in an incident
-- one is kept, and the other documents point to it.
--
--   bytes stored ──▶ keep_original ──┬──▶ the document points to them
--                                    └──▶ the incident has an equal file: the document points to that one

create function public.keep_original(
  p_document_id uuid,
  p_sha256 text,
  p_byte_size bigint,
  p_content_type text,
  p_path text default null
) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_incident_id uuid;
  v_document public.documents;
  v_first public.documents;
  v_path text := p_path;
  v_new_first_id uuid;
begin
  select document.incident_id into v_incident_id from public.documents as document where document.id = p_document_id;
  -- Of two equal files at the same moment, the second waits here and then finds the first.
  perform from public.incidents as incident where incident.id = v_incident_id for no key update;
  select * into v_document from public.documents as document where document.id = p_document_id;
  if not found then
    raise exception 'document_not_found' using errcode = 'PT404';
  end if;

  -- The first document with these bytes, if its object exists in Storage.
  select * into v_first
  from public.documents as first
  where first.incident_id = v_incident_id
    and first.sha256 = p_sha256
    and first.id <> p_document_id
    and first.duplicate_of is null
    and exists (
      select from storage.objects as object
      where object.bucket_id = 'originals' and object.name = first.original_path
    )
    and not (v_document.sha256 is not distinct from p_sha256 and v_document.duplicate_of is null)
  order by first.received_at, first.id
  limit 1;

  if v_first.id is not null then
    v_path := v_first.original_path;
  elsif p_path is null then
    return null;
  end if;

  if v_document.sha256 is distinct from p_sha256 then
    -- The document gets other bytes than before. Its duplicates keep sharing the old ones, with the first of them in front.
    select document.id into v_new_first_id
    from public.documents as document
    where document.duplicate_of = p_document_id
    order by document.received_at, document.id
    limit 1;

    update public.documents as document
    set duplicate_of = case when document.id <> v_new_first_id then v_new_first_id end
    where document.duplicate_of = p_document_id;
  end if;

  update public.documents as document
  set
    original_path = v_path,
    duplicate_of = v_first.id,
    sha256 = p_sha256,
    byte_size = p_byte_size,
    content_type = p_content_type,
    -- Not the start of the transaction, which may have waited for the file that this one duplicates. The same bytes again
    -- keep their first time.
    received_at = case
      when document.sha256 is not distinct from p_sha256 then coalesce(document.received_at, pg_catalog.clock_timestamp())
      else pg_catalog.clock_timestamp()
    end
  where document.id = p_document_id
  returning * into v_document;

  return pg_catalog.jsonb_build_object(
    'original_path', v_document.original_path,
    'duplicate_of', v_document.duplicate_of,
    'received_at', v_document.received_at,
    'leftovers', (
      select coalesce(pg_catalog.jsonb_agg(object.name), '[]')
      from storage.objects as object
      where object.bucket_id = 'originals'
        and object.name like v_incident_id || '/' || p_document_id || '/%'
        and not exists (
          select from public.documents as document
          where document.incident_id = v_incident_id and document.original_path = object.name
        )
    )
  );
end;
$$;
comment on function public.keep_original(uuid, text, bigint, text, text) is
  'Points a document to its original: to the object of an earlier document of the incident with the same bytes, else to the object p_path. Without p_path, and with no such document, it changes nothing and returns null. Returns {original_path, duplicate_of, received_at, leftovers}; leftovers are objects of this document that no document points to any more. Errors: document_not_found.';
revoke execute on function public.keep_original(uuid, text, bigint, text, text) from public, anon, authenticated;
grant execute on function public.keep_original(uuid, text, bigint, text, text) to service_role;
