-- A voice note under the name of something else: phones and browsers call recordings .mp4 or .bin, or nothing at all.
-- Whoever has looked at the bytes says so, and the document is transcribed like any other.

create function public.start_transcription(p_document_id uuid)
returns uuid
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_kind text;
  v_transcription_id uuid;
begin
  select document.kind into v_kind from public.documents as document where document.id = p_document_id for update;
  if not found then
    raise exception 'document_not_found' using errcode = 'PT404', detail = 'There is no such document.';
  end if;
  -- A worker that was killed here says it twice.
  if v_kind <> 'audio' then
    update public.documents as document
    set kind = 'audio', document_type = 'audio', job_id = null
    where document.id = p_document_id;
    perform private.start_document_work(array[p_document_id]);
  end if;
  select transcription.id into v_transcription_id
  from public.transcriptions as transcription
  where transcription.document_id = p_document_id
  order by transcription.created_at desc
  limit 1;
  return v_transcription_id;
end;
$$;
comment on function public.start_transcription(uuid) is
  'The document is a voice note, whatever it was taken for: it gets a transcription and the job of one, once. Returns the transcription. Errors: document_not_found.';
revoke execute on function public.start_transcription(uuid) from public, anon, authenticated;
grant execute on function public.start_transcription(uuid) to service_role;
