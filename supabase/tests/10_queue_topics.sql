-- Messages to the followers of a queue, beside those to the job's user.

begin;
select plan(13);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob');
insert into private.job_kinds (
  kind, function_name, subject_key, queued_type, started_type, progress_type, completed_type, failed_type
) values (
  'humming', 'hum', 'tuneId', 'humming_queued', 'humming_started', 'humming_progress', 'hummed', 'humming_failed'
);

insert into public.jobs (id, kind, user_id, subject_id, queue_id) values
  ('a2000000-0000-4000-8000-000000000001', 'humming', 'a0000000-0000-4000-8000-000000000001',
   'a3000000-0000-4000-8000-000000000001', 'a4000000-0000-4000-8000-000000000001');
select results_eq(
  $$ select topic, event, payload - 'timestamp' from tests.broadcasts('queue:%') $$,
  $$ values ('queue:a4000000-0000-4000-8000-000000000001', 'humming_queued',
    '{"type": "humming_queued", "status": "queued", "revision": 0, "incidentId": null,
      "jobId": "a2000000-0000-4000-8000-000000000001", "tuneId": "a3000000-0000-4000-8000-000000000001",
      "queueId": "a4000000-0000-4000-8000-000000000001"}'::jsonb) $$,
  'a queue''s topic gets the messages of its job, without the user''s sequence numbers'
);
select results_eq(
  $$ select topic, payload - 'seq' - 'epoch' = (
       select m.payload - 'id' from realtime.messages m where m.topic like 'queue:%'
     ), payload ? 'seq'
     from tests.broadcasts('user:%') $$,
  $$ values ('user:a0000000-0000-4000-8000-000000000001', true, true) $$,
  'the user''s topic gets the same message with a sequence number'
);

update public.jobs set status = 'processing';
update public.jobs set progress = 40, stage = 'first verse';
update public.jobs set lease_expires_at = lease_expires_at + interval '1 second';
update public.jobs set status = 'completed';
select results_eq(
  $$ select event, (payload ->> 'revision')::integer from tests.broadcasts('queue:%') $$,
  $$ values ('humming_started', 1), ('humming_progress', 2), ('hummed', 3) $$,
  'a queue''s topic gets each change of status and progress, and no heartbeat'
);
select is((select revision from public.jobs), 3, 'the job''s revision counts its changes');
select results_eq(
  $$ select event, (payload ->> 'seq')::integer from tests.broadcasts('user:%') $$,
  $$ values ('humming_started', 2), ('humming_progress', null), ('hummed', 3) $$,
  'the user''s topic gets each change once'
);
select is((select count(*) from public.notifications), 3::bigint, 'a job with a queue has one notification for each change of status');
update public.jobs set revision = 99;
select is((select revision from public.jobs), 3, 'an update of the revision is ignored');
select is_empty($$ select from tests.broadcasts('queue:%') $$, 'an ignored update of the revision sends nothing');

insert into public.jobs (kind, user_id, subject_id) values
  ('humming', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid());
select is_empty($$ select from tests.broadcasts('queue:%') $$, 'a change of a job without a queue is sent to no queue''s topic');

-- Many changes in one statement; two users share a queue.
delete from public.jobs;
select count(*) from tests.broadcasts('user:%');
insert into public.jobs (kind, user_id, subject_id, queue_id, created_at)
select
  'humming', owner.id::uuid, gen_random_uuid(),
  case when n <= 120 then 'a4000000-0000-4000-8000-000000000001'::uuid end,
  now() + interval '1 second' * n
from generate_series(1, 150) as n,
  (values ('a0000000-0000-4000-8000-000000000001'), ('b0000000-0000-4000-8000-000000000002')) as owner (id);
create temporary table bulk as
select row_number() over () as position, sent.* from tests.broadcasts('queue:%') as sent;
select results_eq(
  'select topic, event, jsonb_array_length(payload -> ''messages'') from bulk order by position',
  $$ values
     ('queue:a4000000-0000-4000-8000-000000000001', 'batch_update', 100),
     ('queue:a4000000-0000-4000-8000-000000000001', 'batch_update', 100),
     ('queue:a4000000-0000-4000-8000-000000000001', 'batch_update', 40) $$,
  'many changes of one statement go in batches of a hundred'
);
select results_eq(
  $$ select (message.value ->> 'jobId')::uuid
     from bulk, jsonb_array_elements(bulk.payload -> 'messages') with ordinality as message (value, n)
     order by bulk.position, message.n $$,
  'select id from public.jobs where queue_id is not null order by created_at, id',
  'each job has one message, in the order in which the jobs were created'
);
select results_eq(
  $$ select topic, sum(jsonb_array_length(payload -> 'messages'))::integer from tests.broadcasts('user:%') group by topic order by topic $$,
  $$ values
     ('user:a0000000-0000-4000-8000-000000000001', 150),
     ('user:b0000000-0000-4000-8000-000000000002', 150) $$,
  'the users'' topics get their own batches'
);
select is(
  (select count(*) from public.notifications where job_id is not null), 300::bigint, 'each job has one notification'
);

select * from finish();
rollback;
