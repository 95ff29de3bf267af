-- Limits of kinds and users, whose turn it is, and work in steps.

begin;
select plan(45);

delete from public.jobs;
set constraints all immediate;
select tests.add_users('ann', 'bob', 'cleo');
update private.job_kinds set max_concurrent = 4, max_concurrent_per_user = 2 where kind = 'image';
select vault.update_secret(id, null, 'kept ' || name) from vault.decrypted_secrets where name in ('project_url', 'secret_key');
select vault.create_secret('https://project.test/', 'project_url');
select vault.create_secret('sb_secret_test', 'secret_key');

create function pg_temp.user_id(p_name text) returns uuid language sql as $$
  select id from auth.users where email = p_name || '@claimwire.test'
$$;
-- Jobs named ann-1, ann-2, ..., each created after the one before.
create temporary table named (id uuid, name text);
grant select on named to service_role;
create function pg_temp.add_jobs(p_name text, p_count integer) returns void language sql as $$
  with before as (select count(*) as count from named where name like p_name || '-%'),
  job as (
    insert into public.jobs (kind, user_id, subject_id, created_at, next_attempt_at)
    select 'image', pg_temp.user_id(p_name), gen_random_uuid(), now() + n * interval '1 ms', now() - interval '1 hour'
    from before, generate_series(before.count + 1, before.count + p_count) as n
    returning id, created_at
  )
  insert into named
  select job.id, p_name || '-' || before.count + row_number() over (order by job.created_at) from job, before;
$$;
create function pg_temp.id(p_name text) returns uuid language sql as $$ select id from named where name = p_name $$;
-- Names of the jobs that were nudged for since the last call, in order.
create temporary table seen (id bigint);
insert into seen select id from net.http_request_queue;
create function pg_temp.nudged() returns text language sql as $$
  with fresh as (
    select q.id, q.body from net.http_request_queue as q where not exists (select from seen where seen.id = q.id)
  ),
  noted as (insert into seen select id from fresh)
  select coalesce(string_agg(named.name, ' ' order by fresh.id), '')
  from fresh join named on named.id = (convert_from(fresh.body, 'utf8')::jsonb ->> 'job_id')::uuid;
$$;
create function pg_temp.claim(p_name text) returns text language sql as $$
  select (select status::text from public.claim_job(pg_temp.id(p_name)));
$$;
create function pg_temp.finish(p_name text) returns text language sql as $$
  select status::text
  from public.complete_job(pg_temp.id(p_name), (select lease_token from public.jobs where id = pg_temp.id(p_name)), '{}');
$$;

-- Dispatch ---------------------------------------------------------------------------------------------------------

select pg_temp.add_jobs('ann', 5);
select is(pg_temp.nudged(), 'ann-1 ann-2', 'as many jobs are nudged for as one user may have at work');
select pg_temp.add_jobs('bob', 1);
select is(pg_temp.nudged(), 'bob-1', 'another user''s job is nudged for');
select pg_temp.add_jobs('cleo', 3);
select is(pg_temp.nudged(), 'cleo-1', 'jobs are nudged for up to the limit of the kind');
update private.job_nudges set nudged_at = now() - interval '11 seconds';
select pg_temp.add_jobs('ann', 1);
select is(pg_temp.nudged(), 'ann-3 cleo-2 ann-4 cleo-3', 'a nudge without effect holds its place for a while only');
update private.job_nudges set nudged_at = now() - interval '11 seconds';
select is(public.sweep_jobs(), 2, 'the sweeper nudges for the remaining jobs');
select is(pg_temp.nudged(), 'ann-5 ann-6', 'the sweeper does not repeat recent nudges');
update private.job_nudges set nudged_at = now() - interval '26 seconds';
select is(public.sweep_jobs(), 4, 'the sweeper repeats nudges that had no effect');
select is(pg_temp.nudged(), 'bob-1 cleo-1 ann-1 cleo-2', 'the sweeper continues after the user who had the last turn');

-- Claims -----------------------------------------------------------------------------------------------------------

set local role service_role;
select is(pg_temp.claim('ann-1'), 'processing', 'a job is claimed');
select is(pg_temp.claim('ann-2'), 'processing', 'a job that was not nudged for can be claimed');
select is(pg_temp.claim('ann-3'), null, 'a job beyond the user''s limit is not claimed');
select results_eq(
  $$ select status::text, attempts::integer, lease_token from public.jobs where id = pg_temp.id('ann-3') $$,
  $$ values ('queued', 0, null::uuid) $$,
  'a refused claim leaves the job queued and counts no attempt'
);
select is(pg_temp.claim('cleo-1'), 'processing', 'a user at the limit does not keep another user''s job from being claimed');
select is(pg_temp.claim('cleo-2'), 'processing', 'jobs are claimed up to the limit of the kind');
select is(pg_temp.claim('bob-1'), null, 'a job beyond the limit of the kind is not claimed');
reset role;
select is(pg_temp.nudged(), '', 'without a free place no job is nudged for');
select is(
  (select count(*) from private.job_nudges where job_id = pg_temp.id('bob-1')), 0::bigint,
  'a refused claim frees the place that its nudge held'
);

-- Free places ------------------------------------------------------------------------------------------------------

set local role service_role;
select is(pg_temp.finish('ann-1'), 'completed', 'a job ends');
reset role;
select is(pg_temp.nudged(), 'ann-3', 'a free place goes to the user after the last one');
set local role service_role;
select is(pg_temp.claim('ann-3'), 'processing', 'the job that was offered the free place is claimed');
select is(pg_temp.finish('ann-2'), 'completed', 'another job ends');
reset role;
select is(pg_temp.nudged(), 'bob-1', 'a free place goes to the next user, also when another user has more waiting jobs');
update public.jobs set status = 'queued', next_attempt_at = now() + interval '1 hour' where id = pg_temp.id('ann-3');
select is(pg_temp.nudged(), 'ann-4', 'a job that is queued again frees its place');
set local role service_role;
select is(pg_temp.claim('bob-1'), 'processing', 'the first offered job is claimed');
select is(pg_temp.claim('ann-4'), 'processing', 'the second offered job is claimed');
reset role;
delete from public.jobs where id in (pg_temp.id('cleo-1'), pg_temp.id('cleo-2'));
select is(pg_temp.nudged(), 'cleo-3 ann-5', 'deleted jobs free their places');
update public.jobs set status = 'failed' where status = 'processing';
select is(pg_temp.nudged(), 'ann-6', 'failed jobs free their places');
update public.jobs set status = 'completed' where status = 'processing';
update public.jobs set status = 'failed' where status = 'queued';
select pg_temp.nudged();

-- Requeue ----------------------------------------------------------------------------------------------------------

select lives_ok(
  $$ select public.requeue_job(id) from public.jobs where status = 'failed' order by created_at $$, 'many failed jobs are requeued'
);
select is(
  array_length(string_to_array(pg_temp.nudged(), ' '), 1), 4, 'requeued jobs are nudged for up to the limits'
);
select throws_ok(
  $$ select public.requeue_job(pg_temp.id('ann-5')) $$, 'PT409', 'illegal_transition', 'a job that was requeued cannot be requeued again'
);
delete from public.jobs;

-- Without limits ---------------------------------------------------------------------------------------------------

update private.job_kinds set max_concurrent = null, max_concurrent_per_user = null where kind = 'image';
select pg_temp.add_jobs('ann', 20);
select is(array_length(string_to_array(pg_temp.nudged(), ' '), 1), 20, 'a limit of null means no limit');
delete from public.jobs;
select throws_ok(
  $$ update private.job_kinds set max_concurrent = 0 where kind = 'image' $$, '23514', null, 'a limit of 0 is refused'
);

-- Steps ------------------------------------------------------------------------------------------------------------

update private.job_kinds set max_steps = 3 where kind = 'image';
delete from named;
select pg_temp.add_jobs('bob', 1);
create temporary table lease as select lease_token as token from public.claim_job(pg_temp.id('bob-1'));
grant select, update on lease to service_role;
select pg_temp.nudged();
set local role service_role;
select throws_ok(
  $$ select public.continue_job(pg_temp.id('bob-1'), (select token from lease), '[]') $$,
  'PT400', 'invalid_arguments', 'a state that is no object is refused'
);
select throws_ok(
  $$ select public.continue_job(pg_temp.id('bob-1'), gen_random_uuid(), '{}') $$, 'PT409', 'lease_lost', 'a step cannot be ended without the lease'
);
select results_eq(
  $$ select status::text, step::integer, state ->> 'page', progress::integer, stage
     from public.continue_job(pg_temp.id('bob-1'), (select token from lease), '{"page": 2}', 40, 'pages') $$,
  $$ values ('processing', 1, '2', 40, 'pages') $$,
  'a step ends with its state'
);
select results_eq(
  $$ select step::integer, state ->> 'page'
     from public.continue_job(pg_temp.id('bob-1'), (select token from lease), '{"page": 9}') $$,
  $$ values (1, '2') $$,
  'ending the step again changes nothing'
);
select throws_ok(
  $$ select public.complete_job(pg_temp.id('bob-1'), (select token from lease), '{}') $$,
  'PT409', 'lease_lost', 'a worker that has ended its step has lost the lease'
);
reset role;
select is(pg_temp.nudged(), 'bob-1', 'the next step is nudged for at once');
update public.jobs set handed_over_at = now() - interval '26 seconds';
update private.job_nudges set nudged_at = now() - interval '26 seconds';
select is(public.sweep_jobs(), 1, 'the sweeper repeats the nudge for the next step');
select results_eq(
  $$ with next as (select * from public.claim_job(pg_temp.id('bob-1'))),
     kept as (update lease set token = next.lease_token from next returning true)
     select attempts::integer, step::integer, state ->> 'page', progress::integer, handed_over_at from next $$,
  $$ values (1, 1, '2', 40, null::timestamptz) $$,
  'the next step has the state, and no attempt is counted'
);
select results_eq(
  $$ select status::text, attempts::integer, state ->> 'page'
     from public.fail_job(pg_temp.id('bob-1'), (select token from lease), 'download_failed', 'No.', true) $$,
  $$ values ('queued', 1, '2') $$,
  'a step that fails is tried again with the state'
);
update public.jobs set next_attempt_at = now();
update lease set token = (select lease_token from public.claim_job(pg_temp.id('bob-1')));
select public.continue_job(pg_temp.id('bob-1'), (select token from lease), '{"page": 3}');
update lease set token = (select lease_token from public.claim_job(pg_temp.id('bob-1')));
select results_eq(
  $$ select status::text, error_code
     from public.continue_job(pg_temp.id('bob-1'), (select token from lease), '{"page": 4}') $$,
  $$ values ('failed', 'too_many_steps') $$,
  'a job with too many steps fails'
);
select is(
  (select array_agg(type order by seq) from public.notifications where job_id = pg_temp.id('bob-1')),
  array['image_processing_started', 'image_processing_failed'],
  'a job of several steps sends one message of its start and one of its end'
);
select results_eq(
  $$ select step::integer, state from public.requeue_job(pg_temp.id('bob-1')) $$,
  $$ values (0, null::jsonb) $$,
  'a requeued job starts without the state of its steps'
);

select set_eq(
  $$ select limits.of_all, limits.of_one
     from (values (null::integer, null::integer), (null, 1), (1, null), (1, 1)) as limits (of_all, of_one)
     cross join private.job_kinds as kinds
     where kinds.kind = 'image' and private.is_limited(jsonb_populate_record(
       kinds, jsonb_build_object('max_concurrent', limits.of_all, 'max_concurrent_per_user', limits.of_one)
     )) $$,
  $$ values (null, 1), (1, null), (1, 1) $$,
  'a kind is limited where either limit is set'
);

select * from finish();
rollback;
