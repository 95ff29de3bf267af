-- Writing of transcripts, only with the lease of a processing job, and the messages about them.

begin;
select plan(46);

select tests.add_users('ann');
insert into public.incidents (id, user_id, title, source)
values ('c0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test');
insert into public.documents (id, incident_id, user_id, kind, document_type) values
  ('d0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'audio', 'audio'),
  ('d0000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'photo', 'photo');

create temporary table work as
select document.kind, job.id, null::uuid as lease, job.subject_id as subject, job.queue_id as queue
from public.documents as document
join public.jobs as job on job.id = document.job_id;
grant select on work to service_role, authenticated;
create function pg_temp.job(p_kind text default 'audio') returns uuid language sql as $$ select id from work where kind = p_kind $$;
create function pg_temp.lease(p_kind text default 'audio') returns uuid language sql as $$ select lease from work where kind = p_kind $$;

-- Messages of a topic since the last call.
create temporary table seen (id uuid);
create function pg_temp.sent(p_topic text)
returns setof jsonb
language plpgsql
as $$
begin
  return query
    select message.payload
    from realtime.messages as message
    where message.topic = p_topic and not exists (select from seen where seen.id = message.id)
    order by message.inserted_at, (message.payload ->> 'revision')::integer;
  insert into seen select message.id from realtime.messages as message where message.topic = p_topic;
end;
$$;
create function pg_temp.row_text() returns text language sql as $$
  select text from public.transcriptions where id = (select subject from work where kind = 'audio')
$$;

select is(
  (select queue from work where kind = 'audio'), (select subject from work where kind = 'audio'),
  'the queue of a voice note has the id of its transcription'
);

-- Before the claim ---------------------------------------------------------------------------------------------------

select throws_ok(
  $$ select public.report_transcript(pg_temp.job(), gen_random_uuid(), 'early', 40) $$,
  'PT409', 'illegal_transition', 'text cannot be reported before a claim'
);
select throws_ok(
  $$ select public.store_transcript(pg_temp.job(), gen_random_uuid(), '{"text": "early"}') $$,
  'PT409', 'illegal_transition', 'nor stores'
);
select throws_ok(
  $$ select public.postpone_retry(pg_temp.job(), gen_random_uuid(), 10) $$,
  'PT409', 'illegal_transition', 'nor postpones'
);

update work set lease = (select lease_token from public.claim_job(work.id));
select count(*) from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001');
select count(*) from pg_temp.sent('queue:' || (select queue from work where kind = 'audio'));

-- While it grows -----------------------------------------------------------------------------------------------------

select throws_ok(
  $$ select public.report_transcript(pg_temp.job(), gen_random_uuid(), 'stolen', 40) $$,
  'PT409', 'lease_lost', 'a text reported without the lease is refused'
);
select is(pg_temp.row_text(), null, 'a refused report writes no text');
select throws_ok(
  $$ select public.report_transcript(pg_temp.job('photo'), pg_temp.lease('photo'), 'text', 40) $$,
  'PT400', 'invalid_arguments', 'a photo has no transcript'
);
select throws_ok(
  $$ select public.report_transcript(gen_random_uuid(), gen_random_uuid(), 'text', 40) $$,
  'PT404', 'job_not_found', 'text cannot be reported for an unknown job'
);

update public.jobs set lease_expires_at = now() + interval '1 second' where id = pg_temp.job();
select ok(
  public.report_transcript(pg_temp.job(), pg_temp.lease(), E'A grey \u202evan\u0007 hit', 40, 'transcribing') > now() + interval '30 seconds',
  'a reported text prolongs the lease'
);
select is(pg_temp.row_text(), 'A grey van hit', 'the row has the text so far, cleaned');
select results_eq(
  $$ select message ->> 'type', message ->> 'text', (message ->> 'progress')::integer, message ->> 'stage', message ->> 'status'
     from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') as message $$,
  $$ values ('transcription_progress', 'A grey van hit', 40, 'transcribing', 'processing') $$,
  'the text so far is sent to the user'
);
select results_eq(
  $$ select message ->> 'type', message ->> 'text', message ? 'seq'
     from pg_temp.sent('queue:' || (select queue from work where kind = 'audio')) as message $$,
  $$ values ('transcription_progress', 'A grey van hit', false) $$,
  'the text so far is sent to the queue''s topic'
);
select is(
  (select count(*) from public.notifications where type = 'transcription_progress'), 0::bigint,
  'the text so far is not stored as a notification'
);

select public.report_transcript(pg_temp.job(), pg_temp.lease(), repeat('x', 5000) || 'end', 50);
select is(pg_temp.row_text(), repeat('x', 5000) || 'end', 'the row has all of a long text');
select is(
  (select message ->> 'text' from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') as message),
  repeat('x', 3997) || 'end',
  'the message has the last 4,000 characters of a long text'
);
select public.report_progress(pg_temp.job(), pg_temp.lease(), 55);
select is(
  (select pg_catalog.length(message ->> 'text') from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') as message),
  4000,
  'a heartbeat keeps the text so far'
);
select public.report_transcript(pg_temp.job(), pg_temp.lease(), 'more', 55);
select is(
  (select array_agg(message ->> 'text') from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') as message),
  array['more'],
  'more text sends one message, also with the same percentage'
);
select public.report_transcript(pg_temp.job(), pg_temp.lease(), 'more', 55);
select is_empty(
  $$ select * from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') $$,
  'the same text again sends nothing'
);
select public.report_transcript(pg_temp.job(), pg_temp.lease(), '', 60);
select is(
  (select message ? 'text' from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') as message), false,
  'a message without text has no field text'
);

-- An attempt's end ends what it had so far ---------------------------------------------------------------------------

select public.report_transcript(pg_temp.job(), pg_temp.lease(), 'half of it', 65);
select count(*) from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001');
select ok(
  public.postpone_retry(pg_temp.job(), pg_temp.lease(), 100) between now() + interval '99 seconds' and clock_timestamp() + interval '100 seconds',
  'a retry can be postponed'
);
select is((select status from public.jobs where id = pg_temp.job()), 'processing', 'a postponed retry leaves the job processing');
select is(
  (select status from public.fail_job(pg_temp.job(), pg_temp.lease(), 'provider_rate_limited', 'Busy.', true)),
  'queued', 'a retryable failure queues the job'
);
select ok(
  (select next_attempt_at from public.jobs where id = pg_temp.job()) >= now() + interval '99 seconds',
  'the retry is due no earlier than the postponement'
);
select is((select partial from public.jobs where id = pg_temp.job()), null, 'the end of the attempt clears the text so far');
select is(
  (select message ? 'text' from pg_temp.sent('user:a0000000-0000-4000-8000-000000000001') as message), false,
  'the message of the retry has no text'
);
select is_empty($$ select * from public.claim_job(pg_temp.job()) $$, 'a postponed job is not claimed before its time');
select throws_ok(
  $$ select public.report_transcript(pg_temp.job(), pg_temp.lease(), 'late', 70) $$,
  'PT409', 'lease_lost', 'the old lease writes no text'
);
select throws_ok(
  $$ select public.store_transcript(pg_temp.job(), pg_temp.lease(), '{"text": "late"}') $$,
  'PT409', 'lease_lost', 'the old lease stores no transcript'
);
select lives_ok(
  $$ select public.postpone_retry(pg_temp.job(), pg_temp.lease(), 3600) $$,
  'a postponement after the end of the attempt raises no error'
);
select ok(
  (select next_attempt_at from public.jobs where id = pg_temp.job()) < now() + interval '200 seconds',
  'a postponement after the end of the attempt changes nothing'
);

update public.jobs set next_attempt_at = now() where id = pg_temp.job();
update work set lease = (select lease_token from public.claim_job(work.id)) where kind = 'audio';
select is(
  (select next_attempt_at > now() + interval '3599 seconds' and next_attempt_at < clock_timestamp() + interval '3601 seconds'
   from (select public.postpone_retry(pg_temp.job(), pg_temp.lease(), 86400) as next_attempt_at) as postponed),
  true, 'a postponement is cut to an hour'
);
-- A worker that dies after a postponement: the sweeper keeps the postponement.
update public.jobs set lease_expires_at = now() - interval '1 second' where id = pg_temp.job();
select public.sweep_jobs();
select ok(
  (select status = 'queued' and next_attempt_at > now() + interval '3000 seconds' from public.jobs where id = pg_temp.job()),
  'the postponement holds after the lease has expired'
);

-- Whole --------------------------------------------------------------------------------------------------------------

update public.jobs set next_attempt_at = now() where id = pg_temp.job();
update work set lease = (select lease_token from public.claim_job(work.id)) where kind = 'audio';
select throws_ok(
  format('select public.store_transcript(%L, %L, %L)', pg_temp.job(), pg_temp.lease(), bad.transcript),
  'PT400', 'invalid_arguments', 'refused: ' || bad.transcript
)
from (values ('[]'), ('{}'), ('{"text": 1}'), ('{"text": "a", "words": {}}')) as bad (transcript);
select lives_ok(
  $$ select public.store_transcript(pg_temp.job(), pg_temp.lease(), '{
       "text": "A grey van.", "segments": [{"start": 0, "end": 1, "text": "A grey van."}],
       "words": [{"start": 0, "end": 0.2, "word": "A\u202e"}],
       "duration": 7.939, "wordCount": 3, "language": "en", "provider": "openai-compatible", "model": "whisper-1",
       "simulated": true}') $$,
  'the holder of the lease stores the transcript'
);
select results_eq(
  $$ select text, words, duration, word_count, language, provider, model, simulated, completed_at is not null
     from public.transcriptions where id = (select subject from work where kind = 'audio') $$,
  $$ values ('A grey van.', '[{"start": 0, "end": 0.2, "word": "A"}]'::jsonb, 7.939, 3, 'en', 'openai-compatible', 'whisper-1', true, true) $$,
  'the stored transcript has the given fields, cleaned'
);
select public.report_transcript(pg_temp.job(), pg_temp.lease(), 'a straggler', 96);
select is(pg_temp.row_text(), 'A grey van.', 'a late reported text does not change the stored transcript');
select public.complete_job(pg_temp.job(), pg_temp.lease(), '{"duration": 7.939, "wordCount": 3, "simulated": true}');
select results_eq(
  $$ select payload ->> 'type', payload ->> 'duration', payload ->> 'wordCount', payload ->> 'simulated', payload ? 'text'
     from public.notifications where job_id = pg_temp.job() order by seq desc limit 1 $$,
  $$ values ('transcription_complete', '7.939', '3', 'true', false) $$,
  'the last message has length and number of words'
);
select throws_ok(
  $$ select public.store_transcript(pg_temp.job(), pg_temp.lease(), '{"text": "again"}') $$,
  'PT409', 'illegal_transition', 'a transcript cannot be stored after the end of the job'
);

-- A voice note that was taken for another kind -----------------------------------------------------------------------------------

select throws_ok(
  $$ select public.start_transcription(gen_random_uuid()) $$, 'PT404', 'document_not_found', 'an unknown document cannot be transcribed'
);
select is(
  public.start_transcription('d0000000-0000-4000-8000-000000000002'),
  public.start_transcription('d0000000-0000-4000-8000-000000000002'),
  'a document of kind photo gets one transcription'
);
select results_eq(
  $$ select document.kind, document.document_type, job.kind, job.status::text, job.queue_id = job.subject_id
     from public.documents as document
     join public.jobs as job on job.id = document.job_id
     where document.id = 'd0000000-0000-4000-8000-000000000002' $$,
  $$ values ('audio', 'audio', 'transcription', 'queued', true) $$,
  'the document has the transcription''s job as its job'
);
select is(
  (select count(*) from public.transcriptions where document_id = 'd0000000-0000-4000-8000-000000000002'), 1::bigint,
  'a second call creates no second job'
);
select lives_ok(
  $$ select public.complete_job(pg_temp.job('photo'), pg_temp.lease('photo'), '{"preview": "none"}') $$,
  'the image job of the document can still be completed'
);

select * from finish();
rollback;
