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
language plpgsql volatile
-- Definer: service_role writes no column that says what the original is.
security definer set search_path = ''
as $$
declare
  v_incident_id uuid;
  v_document public.documents;
  v_first public.documents;
begin
  perform private.check_size('p_sha256', pg_catalog.octet_length(p_sha256), 64);
  perform private.check_size('p_content_type', pg_catalog.octet_length(p_content_type), 1024);
  perform private.check_size('p_path', pg_catalog.octet_length(p_path), 1024);
  select document.incident_id into v_incident_id from public.documents as document where document.id = p_document_id;
  -- Of two equal files at the same moment, the second waits here and then finds the first.
  perform from public.incidents as incident where incident.id = v_incident_id for no key update;
  select * into v_document from public.documents as document where document.id = p_document_id;
  if not found then
    raise exception 'document_not_found' using errcode = 'PT404';
  end if;

  -- An original is kept once. The worker goes on with the kept bytes, whichever bytes it has.
  if v_document.original_path is null then
    select * into v_first
    from public.documents as first
    where first.incident_id = v_incident_id
      and first.sha256 = p_sha256
      and first.id <> p_document_id
      and first.duplicate_of is null
      -- Only a file that is really there can stand in for another.
      and exists (
        select from storage.objects as object
        where object.bucket_id = 'originals' and object.name = first.original_path
      )
    order by first.received_at, first.id
    limit 1;

    if v_first.id is null and p_path is null then
      return null;
    end if;
    if v_first.id is null then
      -- The lock keeps the object as it is until the document points to it; from then on a trigger does.
      perform from storage.objects as object
      where object.bucket_id = 'originals'
        and object.name = p_path
        and (object.metadata is null or private.object_size(object.metadata) = p_byte_size)
      for share;
      if not found or p_path not like pg_catalog.concat_ws('/', v_incident_id, p_document_id, p_sha256) || '.%' then
        raise exception 'original_not_stored' using
          errcode = 'PT409',
          detail = 'Originals are stored as <incident_id>/<document_id>/<sha256>.<extension> before a document points to them.';
      end if;
    end if;

    update public.documents as document
    set
      original_path = coalesce(v_first.original_path, p_path),
      duplicate_of = v_first.id,
      sha256 = p_sha256,
      byte_size = p_byte_size,
      content_type = p_content_type,
      received_at = pg_catalog.clock_timestamp()
    where document.id = p_document_id
    returning * into v_document;
  end if;

  return pg_catalog.jsonb_build_object(
    'original_path', v_document.original_path,
    'sha256', v_document.sha256,
    'content_type', v_document.content_type,
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
  'Points a document to its original, once: to the object of an earlier document of the incident with the same bytes, else to the object p_path. Without p_path, and with no such document, it changes nothing and returns null. A document that has an original keeps it. Returns {original_path, sha256, content_type, duplicate_of, received_at, leftovers}; leftovers are objects of this document that no document points to. Errors: message_too_large, document_not_found, original_not_stored.';
revoke execute on function public.keep_original(uuid, text, bigint, text, text) from public, anon, authenticated;
grant execute on function public.keep_original(uuid, text, bigint, text, text) to service_role;
