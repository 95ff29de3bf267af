-- Transcripts: how a worker writes them, with the lease of the job.
--
--   start_transcription   a document turns out to be a voice note ──▶ transcription and job
--   report_transcript     text so far ──▶ transcriptions.text, and the progress message
--   store_transcript      whole text, times ──▶ transcriptions; then complete_job ends the job
--
-- A stored transcript stays. If the worker ends before complete_job, the next attempt finds it.

create function public.start_transcription(p_document_id uuid) returns uuid
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_kind text;
  v_transcription_id uuid;
begin
  select document.kind into v_kind from public.documents as document where document.id = p_document_id for update;
  if not found then
    raise exception 'document_not_found' using errcode = 'PT404', detail = 'There is no such document.';
  end if;
  -- The kind is audio already when a worker that was killed here calls again.
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
  'For a worker that has recognised a voice note by its bytes, whatever its name says: makes the document a voice note, and inserts its transcription and the job of that, once. Returns the id of the transcription. Errors: document_not_found.';
revoke execute on function public.start_transcription(uuid) from public, anon, authenticated;
grant execute on function public.start_transcription(uuid) to service_role;

create function private.lock_transcription_job(p_job_id uuid, p_lease_token uuid) returns public.jobs
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
begin
  if v_job.kind <> 'transcription' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The job is not a transcription.';
  end if;
  if v_job.status <> 'processing' then
    perform private.refuse_to_work_on(v_job);
  end if;
  return v_job;
end;
$$;
comment on function private.lock_transcription_job(uuid, uuid) is
  'Locks the job and returns it, if it is a transcription, is processing, and the lease is the last one given for it. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function private.lock_transcription_job(uuid, uuid) from public, anon, authenticated;
grant execute on function private.lock_transcription_job(uuid, uuid) to service_role;

create function public.report_transcript(
  p_job_id uuid,
  p_lease_token uuid,
  p_text text,
  p_progress integer,
  p_stage text default null
) returns timestamptz
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  -- Characters that are stored, and the last ones of them that the messages have.
  v_max_stored constant integer := 1000000;
  v_max_sent constant integer := 4000;
  v_job public.jobs;
  v_text text;
  v_partial jsonb;
begin
  perform private.check_size('p_text', pg_catalog.octet_length(p_text), v_max_stored * 4);
  perform private.check_size('p_stage', pg_catalog.octet_length(p_stage), 4096);
  v_job := private.lock_transcription_job(p_job_id, p_lease_token);
  v_text := private.clean_text(p_text, v_max_stored);
  update public.transcriptions as transcription
  set text = v_text
  where transcription.id = v_job.subject_id and transcription.completed_at is null;

  -- In the update of the progress, so that a report is one message. Without it a message would depend on the percentage,
  -- which is a guess: the length of the text is known only at its end.
  v_partial := case
    when v_text is not null then pg_catalog.jsonb_build_object('text', pg_catalog.right(v_text, v_max_sent))
    when v_job.partial is not null then '{}'
  end;
  return private.prolong_lease(p_job_id, p_progress, p_stage, v_partial);
end;
$$;
comment on function public.report_transcript(uuid, uuid, text, integer, text) is
  'As report_progress, with the whole text so far: it is stored in the transcription, and its last 4,000 characters are the field text of the progress message. Returns when the lease expires. Errors: message_too_large, job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.report_transcript(uuid, uuid, text, integer, text) from public, anon, authenticated;
grant execute on function public.report_transcript(uuid, uuid, text, integer, text) to service_role;

create function public.store_transcript(p_job_id uuid, p_lease_token uuid, p_transcript jsonb)
returns public.transcriptions
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs;
  v_transcript jsonb;
  v_transcription public.transcriptions;
begin
  perform private.check_json('p_transcript', p_transcript, 4194304);
  v_job := private.lock_transcription_job(p_job_id, p_lease_token);
  v_transcript := private.clean_json(p_transcript);
  if coalesce(pg_catalog.jsonb_typeof(v_transcript), '') <> 'object'
     or coalesce(pg_catalog.jsonb_typeof(v_transcript -> 'text'), '') <> 'string'
     or pg_catalog.jsonb_typeof(coalesce(v_transcript -> 'segments', '[]')) <> 'array'
     or pg_catalog.jsonb_typeof(coalesce(v_transcript -> 'words', '[]')) <> 'array'
  then
    raise exception 'invalid_arguments' using
      errcode = 'PT400',
      detail = 'A transcript is an object with text, and lists of segments and words.';
  end if;

  update public.transcriptions as transcription
  set
    -- A recording without speech has an empty text.
    text = coalesce(private.clean_text(v_transcript ->> 'text', 1000000), ''),
    segments = coalesce(v_transcript -> 'segments', '[]'),
    words = coalesce(v_transcript -> 'words', '[]'),
    duration = (v_transcript ->> 'duration')::numeric,
    word_count = (v_transcript ->> 'wordCount')::integer,
    language = private.clean_text(v_transcript ->> 'language', 35),
    provider = private.clean_text(v_transcript ->> 'provider', 100),
    model = private.clean_text(v_transcript ->> 'model', 100),
    simulated = coalesce((v_transcript ->> 'simulated')::boolean, false),
    completed_at = pg_catalog.clock_timestamp()
  where transcription.id = v_job.subject_id
  returning transcription.* into v_transcription;
  if not found then
    raise exception 'document_not_found' using errcode = 'PT404', detail = 'There is no such transcription.';
  end if;
  return v_transcription;
end;
$$;
comment on function public.store_transcript(uuid, uuid, jsonb) is
  'Stores the whole transcript: {text, segments, words, duration, wordCount, language, provider, model, simulated}. Returns the transcription. Errors: message_too_large, job_not_found, lease_lost, illegal_transition, invalid_arguments, document_not_found.';
revoke execute on function public.store_transcript(uuid, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.store_transcript(uuid, uuid, jsonb) to service_role;
