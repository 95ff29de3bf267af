-- How a transcript is written: while it grows, and whole. Both need the lease of the job.
--
--   report_transcript     text so far ──▶ transcriptions.text, and with the progress to whoever watches
--   store_transcript      everything  ──▶ transcriptions; then complete_job ends the job
--
-- A transcript that was stored stays: a worker that ended before complete_job leaves it to the next.

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

create function private.lock_transcription_job(p_job_id uuid, p_lease_token uuid)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
begin
  if v_job.kind <> 'transcription' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The job is not a transcription.';
  elsif v_job.status = 'queued' then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'The job is back in the queue.';
  elsif v_job.status <> 'processing' then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('The job is %s already.', v_job.status);
  end if;
  return v_job;
end;
$$;
comment on function private.lock_transcription_job(uuid, uuid) is
  'The transcription job, locked, if the lease is held and the job at work. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function private.lock_transcription_job(uuid, uuid) from public, anon, authenticated;
grant execute on function private.lock_transcription_job(uuid, uuid) to service_role;

create function public.report_transcript(
  p_job_id uuid,
  p_lease_token uuid,
  p_text text,
  p_progress integer,
  p_stage text default null
)
returns timestamptz
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Characters: of the row, which is all there is, and of a message, which is for showing the latest.
  v_longest constant integer := 1000000;
  v_shown constant integer := 4000;
  v_job public.jobs := private.lock_transcription_job(p_job_id, p_lease_token);
  v_text constant text := private.clean_text(p_text, v_longest);
  v_lease_expires_at timestamptz;
begin
  update public.transcriptions as transcription
  set text = v_text
  where transcription.id = v_job.subject_id and transcription.completed_at is null;

  -- As report_progress, in one statement with the text, which is one message.
  update public.jobs as job
  set
    partial = case
      when v_text is not null then pg_catalog.jsonb_build_object('text', pg_catalog.right(v_text, v_shown))
    end,
    progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
    stage = coalesce(private.clean_text(p_stage, 100), job.stage),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.lease_expires_at into strict v_lease_expires_at;
  return v_lease_expires_at;
end;
$$;
comment on function public.report_transcript(uuid, uuid, text, integer, text) is
  'report_progress with the text so far, all of it: stored in the transcription; its last 4,000 characters are the field text of the progress messages. Returns when the prolonged lease expires. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.report_transcript(uuid, uuid, text, integer, text) from public, anon, authenticated;
grant execute on function public.report_transcript(uuid, uuid, text, integer, text) to service_role;

create function public.store_transcript(p_job_id uuid, p_lease_token uuid, p_transcript jsonb)
returns public.transcriptions
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs := private.lock_transcription_job(p_job_id, p_lease_token);
  v_transcript constant jsonb := private.clean_json(p_transcript);
  v_transcription public.transcriptions;
begin
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
    -- An empty text is a result as well: nobody spoke.
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
  'Stores {text, segments, words, duration, wordCount, language, provider, model, simulated} as the whole transcript. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments, document_not_found.';
revoke execute on function public.store_transcript(uuid, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.store_transcript(uuid, uuid, jsonb) to service_role;
