-- Nudges of the Edge Functions, and the sweeper that repeats them and takes back what silent workers hold.

begin;
select plan(23);

-- Until the rollback; a development database may have some.
delete from public.jobs;
-- Dispatch runs at commit; here its constraint is immediate. Limits have a file of their own.
set constraints all immediate;
update private.job_kinds set max_concurrent = null, max_concurrent_per_user = null;
select tests.add_users('ann');

-- Requests that were queued since the last call.
create temporary table seen (id bigint);
create function pg_temp.nudges()
returns table (url text, headers jsonb, body jsonb)
language sql
as $$
  with fresh as (
    select q.* from net.http_request_queue as q where not exists (select from seen where seen.id = q.id)
  ),
  noted as (insert into seen select id from fresh)
  select url, headers, convert_from(body, 'utf8')::jsonb from fresh order by id;
$$;
create function pg_temp.add_jobs(p_count integer, p_next_attempt_at timestamptz default now())
returns void
language sql
as $$
  insert into public.jobs (kind, user_id, subject_id, next_attempt_at)
  select 'image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid(), p_next_attempt_at
  from generate_series(1, p_count);
$$;

-- Secrets of the project, removed until the rollback.
select vault.update_secret(id, null, 'kept ' || name) from vault.decrypted_secrets where name in ('project_url', 'secret_key');
select pg_temp.nudges();

select lives_ok('select pg_temp.add_jobs(1)', 'jobs can be added without secrets in the vault');
select is_empty('select pg_temp.nudges()', 'without secrets no nudge is sent');
select is(public.sweep_jobs(), 0, 'without secrets the sweeper sends no nudge');

select vault.create_secret('https://project.test/', 'project_url');
select is(public.sweep_jobs(), 0, 'with only one of the two secrets the sweeper sends no nudge');
select vault.create_secret('sb_secret_test', 'secret_key');
select is(public.sweep_jobs(), 1, 'with the secrets the sweeper nudges for the due job');
select results_eq(
  'select url, headers, body from pg_temp.nudges()',
  $$ select 'https://project.test/functions/v1/process-image',
       '{"apikey": "sb_secret_test", "content-type": "application/json"}'::jsonb,
       jsonb_build_object('job_id', id)
     from public.jobs $$,
  'a nudge names the job to the function of its kind'
);
select is(public.sweep_jobs(), 0, 'a job that was just nudged for is left alone');
update private.job_nudges set nudged_at = now() - interval '26 seconds';
select is(public.sweep_jobs(), 1, 'a job whose last nudge is too old is nudged for again');
update public.jobs set status = 'processing';
update private.job_nudges set nudged_at = now() - interval '26 seconds';
select is(public.sweep_jobs(), 0, 'a job at work needs no nudge');
select isnt_empty('select pg_temp.nudges()', 'two nudges were sent so far');

select pg_temp.add_jobs(2);
select is((select count(*) from pg_temp.nudges()), 2::bigint, 'new jobs are nudged for at once');
select pg_temp.add_jobs(1, now() + interval '1 hour');
select is_empty('select pg_temp.nudges()', 'jobs that are not due are not nudged for');
update public.jobs set next_attempt_at = clock_timestamp() where status = 'queued' and next_attempt_at > now();
select is((select count(*) from pg_temp.nudges()), 1::bigint, 'a job that becomes due by an update is nudged for');
update public.jobs set stage = 'x' where status = 'queued';
select is_empty('select pg_temp.nudges()', 'a change of a due job sends no nudge');
update public.jobs set status = 'failed' where status = 'queued';
select is_empty('select pg_temp.nudges()', 'a failure sends no nudge');
update public.jobs set status = 'queued', next_attempt_at = clock_timestamp() where status = 'failed';
select is((select count(*) from pg_temp.nudges()), 3::bigint, 'requeued jobs are nudged for');
select pg_temp.add_jobs(600);
select is((select count(*) from pg_temp.nudges()), 500::bigint, 'one statement sends at most 500 nudges');
select is(public.sweep_jobs(), 100, 'the sweeper sends the remaining nudges');
delete from public.jobs;

-- Leases
select pg_temp.add_jobs(3);
update public.jobs set status = 'processing';
create temporary table leased as select id, row_number() over (order by id) as n from public.jobs;
update public.jobs set lease_expires_at = now() - interval '1 second' where id in (select id from leased where n in (1, 2));
update public.jobs set attempts = max_attempts where id in (select id from leased where n = 2);
select pg_temp.nudges();
select is(public.sweep_jobs(), 2, 'the sweeper takes back expired jobs');
select results_eq(
  $$ select n, status::text, error_code, stage, lease_token is null
     from public.jobs join leased using (id) order by n $$,
  $$ values
     (1::bigint, 'queued', 'lease_expired', 'waiting_to_retry', true),
     (2, 'failed', 'lease_expired', null, true),
     (3, 'processing', null, null, false) $$,
  'expired jobs with attempts left are queued, the others have failed; a live lease is kept'
);
select results_eq(
  'select body ->> ''job_id'' from pg_temp.nudges()',
  'select id::text from leased where n = 1',
  'the sweeper nudges once for each job it has queued'
);
select results_eq(
  $$ select type, payload ->> 'errorCode', payload ->> 'error' from public.notifications order by seq desc limit 1 $$,
  $$ values ('image_processing_failed', 'lease_expired', 'The work did not finish in time.') $$,
  'the user is told of the failure'
);

select set_eq(
  $$ select jobname || ' / ' || schedule || ' / ' || command from cron.job
     where jobname in ('sweep-jobs', 'prune-notifications') $$,
  array[
    'sweep-jobs / 30 seconds / select public.sweep_jobs()',
    'prune-notifications / 17 3 * * * / select private.prune_notifications()'
  ],
  'sweeper and retention are scheduled'
);

select * from finish();
rollback;
