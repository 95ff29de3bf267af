-- Notifications and broadcasts of job changes: which changes send one, to whom, with which fields.

begin;
select plan(30);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob');
insert into private.job_kinds (
  kind, function_name, subject_key, queued_type, started_type, progress_type, completed_type, failed_type, result_keys
) values (
  'humming', 'hum', 'tuneId', 'humming_queued', null, null, 'hummed', 'humming_failed', '{seconds}'
);

insert into public.jobs (id, kind, user_id, subject_id, input, created_at) values
  ('a2000000-0000-4000-8000-000000000001', 'image', 'a0000000-0000-4000-8000-000000000001',
   'a3000000-0000-4000-8000-000000000001', '{"documentType": "licence", "secret": "no"}', now());
select is_empty('select * from tests.broadcasts()', 'a new image job sends nothing: its kind has no message type for new jobs');

update public.jobs set status = 'processing' where id = 'a2000000-0000-4000-8000-000000000001';
create temporary table started as select * from tests.broadcasts();
select results_eq(
  'select topic, event from started',
  $$ values ('user:a0000000-0000-4000-8000-000000000001', 'image_processing_started') $$,
  'the first claim sends one message to the job''s user'
);
select is(
  (select payload - 'timestamp' - 'epoch' from started),
  '{"type": "image_processing_started", "status": "processing", "seq": 1, "revision": 1, "incidentId": null,
    "jobId": "a2000000-0000-4000-8000-000000000001", "documentId": "a3000000-0000-4000-8000-000000000001",
    "documentType": "licence"}'::jsonb,
  'the message has the contract''s fields, the listed fields of the input, and no others'
);
select matches(
  (select payload ->> 'timestamp' from started),
  '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$',
  'times in messages are in ISO 8601 with milliseconds'
);
select results_eq(
  'select seq, type, payload, epoch::text, job_id from public.notifications',
  $$ select 1::bigint, event, payload, payload ->> 'epoch', 'a2000000-0000-4000-8000-000000000001'::uuid from started $$,
  'the notification is the message as it was broadcast'
);
select is(
  (select count(*) from realtime.messages m join seen_broadcasts as seen on seen.id = m.id where not m.private or m.extension <> 'broadcast'),
  0::bigint,
  'broadcasts go to private channels'
);

update public.jobs set progress = 30, stage = 'resizing' where id = 'a2000000-0000-4000-8000-000000000001';
select results_eq(
  $$ select event, payload - 'timestamp' from tests.broadcasts() $$,
  $$ values ('image_processing_progress',
    '{"type": "image_processing_progress", "status": "processing", "progress": 30, "stage": "resizing",
      "revision": 2, "incidentId": null, "jobId": "a2000000-0000-4000-8000-000000000001",
      "documentId": "a3000000-0000-4000-8000-000000000001", "documentType": "licence"}'::jsonb) $$,
  'progress is broadcast without a sequence number'
);
update public.jobs set progress = 30, status = 'processing' where id = 'a2000000-0000-4000-8000-000000000001';
update public.jobs set lease_expires_at = lease_expires_at + interval '1 second' where id = 'a2000000-0000-4000-8000-000000000001';
update public.jobs set progress = 99 where false;
select is_empty('select * from tests.broadcasts()', 'an update that changes no message field sends nothing');
select is((select count(*) from public.notifications), 1::bigint, 'progress is not stored as a notification');

-- A retry sends progress, not a message of its own.
update public.jobs set status = 'queued', progress = 0, stage = 'waiting_to_retry', error_code = 'download_failed', error = 'No.'
where id = 'a2000000-0000-4000-8000-000000000001';
select results_eq(
  $$ select event, payload ->> 'status', payload ->> 'stage', payload ? 'seq', payload ? 'error' from tests.broadcasts() $$,
  $$ values ('image_processing_progress', 'pending', 'waiting_to_retry', false, false) $$,
  'a retry is broadcast like progress and not as a failure'
);
update public.jobs set status = 'processing', stage = null where id = 'a2000000-0000-4000-8000-000000000001';
select results_eq(
  $$ select event, payload ->> 'status', payload ? 'seq' from tests.broadcasts() $$,
  $$ values ('image_processing_progress', 'processing', false) $$,
  'the second claim is broadcast like progress'
);

update public.jobs
set status = 'completed',
    result = '{"signedUrl": "https://x.test/t.webp", "signedUrlExpiresAt": "2026-12-01T00:00:00.000Z", "previewPath": "p"}'
where id = 'a2000000-0000-4000-8000-000000000001';
select results_eq(
  $$ select event, payload - 'timestamp' - 'epoch' - 'processingDuration', (payload ->> 'processingDuration')::integer >= 0
     from tests.broadcasts() $$,
  $$ values ('image_processed',
    '{"type": "image_processed", "status": "completed", "seq": 2, "revision": 5, "incidentId": null,
      "jobId": "a2000000-0000-4000-8000-000000000001", "documentId": "a3000000-0000-4000-8000-000000000001",
      "documentType": "licence", "signedUrl": "https://x.test/t.webp",
      "signedUrlExpiresAt": "2026-12-01T00:00:00.000Z"}'::jsonb, true) $$,
  'completion carries the result''s listed fields and the duration'
);

insert into public.jobs (id, kind, user_id, subject_id) values
  ('a2000000-0000-4000-8000-000000000002', 'image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid());
update public.jobs set status = 'processing' where id = 'a2000000-0000-4000-8000-000000000002';
update public.jobs set status = 'failed', error_code = 'file_empty', error = 'The file is empty.'
where id = 'a2000000-0000-4000-8000-000000000002';
select results_eq(
  $$ select event, payload ->> 'status', payload ->> 'errorCode', payload ->> 'error', payload ->> 'documentType', (payload ->> 'seq')::integer
     from tests.broadcasts() offset 1 $$,
  $$ values ('image_processing_failed', 'failed', 'file_empty', 'The file is empty.', 'photo', 4) $$,
  'failure carries its reason; a field that the input lacks has the kind''s default'
);
update public.jobs set status = 'queued' where id = 'a2000000-0000-4000-8000-000000000002';
select results_eq(
  $$ select event, payload ->> 'status' from tests.broadcasts() $$,
  $$ values ('image_processing_progress', 'pending') $$,
  'a requeued image shows as pending at once'
);

-- Deletion, and a kind with a message for new jobs
delete from public.jobs where id = 'a2000000-0000-4000-8000-000000000002';
select is_empty('select * from tests.broadcasts()', 'deleting a job sends nothing');
select is((select count(*) from public.notifications), 4::bigint, 'deleting a job keeps its notifications');

insert into public.jobs (id, kind, user_id, subject_id, queue_id) values
  ('b2000000-0000-4000-8000-000000000001', 'humming', 'b0000000-0000-4000-8000-000000000002',
   'b3000000-0000-4000-8000-000000000001', 'b4000000-0000-4000-8000-000000000001');
select results_eq(
  $$ select topic, event, payload - 'timestamp' - 'epoch' from tests.broadcasts() $$,
  $$ values ('user:b0000000-0000-4000-8000-000000000002', 'humming_queued',
    '{"type": "humming_queued", "status": "queued", "seq": 1, "revision": 0, "incidentId": null,
      "jobId": "b2000000-0000-4000-8000-000000000001", "tuneId": "b3000000-0000-4000-8000-000000000001",
      "queueId": "b4000000-0000-4000-8000-000000000001"}'::jsonb) $$,
  'a job of a kind that was added as one row sends a message; each user has sequence numbers of their own'
);
update public.jobs set status = 'processing' where kind = 'humming';
update public.jobs set progress = 50 where kind = 'humming';
select is_empty('select * from tests.broadcasts()', 'a change for which the kind has no message type sends nothing');

-- Many changes in one statement
insert into public.jobs (kind, user_id, subject_id, created_at)
select 'image', owner.id::uuid, gen_random_uuid(), now() + interval '1 second' * n
from generate_series(1, 250) as n,
  (values ('a0000000-0000-4000-8000-000000000001'), ('b0000000-0000-4000-8000-000000000002')) as owner (id)
order by n % 7;
select is_empty('select * from tests.broadcasts()', 'many new image jobs in one statement send nothing');
update public.jobs set status = 'processing' where status = 'queued';
create temporary table bulk as select row_number() over () as position, sent.* from tests.broadcasts() as sent;
select results_eq(
  $$ select topic, event, jsonb_array_length(payload -> 'messages') from bulk order by position $$,
  $$ values
     ('user:a0000000-0000-4000-8000-000000000001', 'batch_update', 100),
     ('user:a0000000-0000-4000-8000-000000000001', 'batch_update', 100),
     ('user:a0000000-0000-4000-8000-000000000001', 'batch_update', 50),
     ('user:b0000000-0000-4000-8000-000000000002', 'batch_update', 100),
     ('user:b0000000-0000-4000-8000-000000000002', 'batch_update', 100),
     ('user:b0000000-0000-4000-8000-000000000002', 'batch_update', 50) $$,
  'many changes of one statement go in batches of a hundred'
);
select results_eq(
  $$ select (message.value ->> 'seq')::integer
     from bulk, jsonb_array_elements(bulk.payload -> 'messages') with ordinality as message (value, n)
     where topic like '%1' order by bulk.position, message.n $$,
  $$ select generate_series(5, 254) $$,
  'the messages of a batch are in the order of their sequence numbers'
);
select is_empty(
  $$ select seq from public.notifications n join public.jobs j on j.id = n.job_id
     where n.user_id = 'a0000000-0000-4000-8000-000000000001' and n.seq > 4
       and n.seq - 4 <> (select count(*) from public.jobs o
         where o.user_id = j.user_id and o.status = 'processing' and (o.created_at, o.id) <= (j.created_at, j.id)) $$,
  'the sequence numbers are in the order in which the jobs were created'
);
select set_eq(
  $$ select message.value from bulk, jsonb_array_elements(bulk.payload -> 'messages') as message
     where topic like '%1' $$,
  $$ select payload from public.notifications where user_id = 'a0000000-0000-4000-8000-000000000001' and seq > 4 $$,
  'the broadcast messages equal the stored notifications'
);
update public.jobs set progress = 5 where kind = 'image' and status = 'processing';
select results_eq(
  $$ select event, sum(jsonb_array_length(payload -> 'messages'))::integer, count(*)::integer,
       count(*) filter (where payload -> 'messages' -> 0 ? 'seq')::integer
     from tests.broadcasts() group by event $$,
  $$ values ('batch_update', 500, 6, 0) $$,
  'progress of many jobs is sent in batches'
);

select set_eq(
  $$ select p.oid::regprocedure::text from pg_proc p where proconfig @> array['enable_nestloop=off'] $$,
  array[
    'private.publish_many(private.outgoing_message[],timestamp with time zone)',
    'private.tg_jobs__notify_update()',
    'private.tg_jobs__dispatch_update()',
    'private.tg_jobs__queue_reports()',
    'private.tg_jobs__tell_members_update()'
  ],
  'and no function pairs the rows of a statement one by one, which takes forever with thousands'
);

select results_eq(
  $$ select finished_at is null, private.job_message(jsonb_populate_record(
       jobs, jsonb_build_object('result', '{"seconds": 3}'::jsonb, 'finished_at', finished_at)
     ), kinds, 'hummed', now()) -> 'seconds'
     from (values (null::timestamptz), (now())) as moment (finished_at)
     cross join (select jobs from public.jobs limit 1) as job
     cross join private.job_kinds as kinds
     where kinds.kind = 'humming' $$,
  $$ values (true, null::jsonb), (false, '3') $$,
  'a result is in no message before the job has ended'
);

-- Large messages: five of 60 KB do not fit in 200 KB.
update public.jobs
set status = 'completed', result = jsonb_build_object('signedUrl', repeat('ü', 30000))
where id in (
  select id from public.jobs where user_id = 'a0000000-0000-4000-8000-000000000001' and status = 'processing' limit 5
);
select results_eq(
  $$ select jsonb_array_length(payload -> 'messages'), octet_length(payload::text) <= 200000 from tests.broadcasts() $$,
  $$ values (3, true), (2, true) $$,
  'a batch has at most 200 KB, counted in bytes'
);

select is(
  (select head.seq from private.notification_heads as head where head.user_id = 'a0000000-0000-4000-8000-000000000001'),
  (select max(seq) from public.notifications where user_id = 'a0000000-0000-4000-8000-000000000001'),
  'the head has the last sequence number'
);
select is(
  (select count(*) from public.notifications where user_id = 'a0000000-0000-4000-8000-000000000001'),
  (select max(seq) from public.notifications where user_id = 'a0000000-0000-4000-8000-000000000001'),
  'the sequence numbers have no gap'
);

delete from auth.users where id = 'a0000000-0000-4000-8000-000000000001';
select is(
  (select count(*) from public.notifications where user_id = 'a0000000-0000-4000-8000-000000000001')
    + (select count(*) from public.jobs where user_id = 'a0000000-0000-4000-8000-000000000001')
    + (select count(*) from private.notification_heads where user_id = 'a0000000-0000-4000-8000-000000000001'),
  0::bigint,
  'a deleted user leaves nothing behind'
);

select * from finish();
rollback;
