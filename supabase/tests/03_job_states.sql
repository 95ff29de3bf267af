-- The state machine of jobs: every legal and illegal move, the functions that make them, and their errors.

begin;
select plan(65);

select tests.add_users('ann', 'bob');
select tests.add_incident_of_ann();

-- Many jobs of one user are at work below; limits have a file of their own.
update private.job_kinds set max_concurrent = null, max_concurrent_per_user = null;

-- Makes a job in a state by legal moves.
create function pg_temp.job_in(p_status public.job_status, p_attempts integer default 1)
returns uuid
language plpgsql
as $$
declare
  v_id uuid;
begin
  insert into public.jobs (kind, user_id, incident_id, subject_id)
  values ('image', 'a0000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', gen_random_uuid())
  returning id into v_id;
  if p_status <> 'queued' then
    update public.jobs set status = 'processing', attempts = p_attempts where id = v_id;
  end if;
  if p_status in ('completed', 'failed') then
    update public.jobs set status = p_status where id = v_id;
  end if;
  return v_id;
end;
$$;

-- Tries a move by plain SQL: null where it is legal, else the error.
create function pg_temp.try_move(p_from public.job_status, p_to public.job_status)
returns text
language plpgsql
as $$
declare
  v_id uuid := pg_temp.job_in(p_from);
begin
  update public.jobs set status = p_to where id = v_id;
  return null;
exception
  when sqlstate 'PT409' then
    return sqlerrm;
end;
$$;

create temporary table subject (name text primary key, id uuid, lease uuid);
grant select on subject to service_role, authenticated;
create function pg_temp.id(p_name text) returns uuid language sql as $$ select id from subject where name = p_name $$;
create function pg_temp.lease(p_name text) returns uuid language sql as $$ select lease from subject where name = p_name $$;

insert into subject (name, id)
select name, pg_temp.job_in(status::public.job_status, attempts)
from (values
  ('fresh', 'queued', 0), ('other kind', 'queued', 0), ('early', 'queued', 0), ('held', 'processing', 1), ('expired', 'processing', 1),
  ('exhausted', 'processing', 3), ('done', 'completed', 1), ('broken', 'failed', 3), ('progressing', 'processing', 1),
  ('completing', 'processing', 1), ('retrying', 'processing', 1), ('last', 'processing', 3), ('failing', 'processing', 1),
  ('stolen', 'processing', 1), ('unclaimed', 'queued', 0), ('shouting', 'processing', 3),
  ('sql queued', 'queued', 0), ('sql given up', 'queued', 0), ('sql processing', 'processing', 1), ('sql failed', 'failed', 3)
) as job (name, status, attempts);
update subject set lease = (select lease_token from public.jobs where jobs.id = subject.id);
update public.jobs set next_attempt_at = now() + interval '1 hour' where id = pg_temp.id('early');
update public.jobs set lease_expires_at = now() - interval '1 second'
where id in (pg_temp.id('expired'), pg_temp.id('exhausted'), pg_temp.id('stolen'));

-- Every move by plain SQL ----------------------------------------------------------------------------------------

select is(
  pg_temp.try_move(move.before::public.job_status, move.after::public.job_status),
  move.error,
  move.before || ' to ' || move.after
)
from (values
  ('queued', 'queued', null),
  ('queued', 'processing', null),
  ('queued', 'completed', 'illegal_transition'),
  ('queued', 'failed', null),
  ('processing', 'queued', null),
  ('processing', 'processing', null),
  ('processing', 'completed', null),
  ('processing', 'failed', null),
  ('completed', 'queued', 'illegal_transition'),
  ('completed', 'processing', 'illegal_transition'),
  ('completed', 'completed', null),
  ('completed', 'failed', 'illegal_transition'),
  ('failed', 'queued', null),
  ('failed', 'processing', 'illegal_transition'),
  ('failed', 'completed', 'illegal_transition'),
  ('failed', 'failed', null)
) as move (before, after, error);

select throws_ok(
  $$ insert into public.jobs (kind, user_id, subject_id, status)
     values ('image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid(), 'completed') $$,
  'PT409', 'illegal_transition', 'a new job is queued'
);
select throws_ok(
  $$ insert into public.jobs (kind, user_id, subject_id)
     values ('knitting', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid()) $$,
  '23503', null, 'a job of an unknown kind is refused'
);
select throws_ok(
  $$ update public.jobs set user_id = 'b0000000-0000-4000-8000-000000000002' where id = pg_temp.id('sql queued') $$,
  'PT409', 'immutable_column', 'a job keeps its user'
);
select throws_ok(
  $$ update public.jobs set incident_id = null where id = pg_temp.id('sql queued') $$,
  'PT409', 'immutable_column', 'a job keeps its incident'
);
select throws_ok(
  $$ update public.jobs set lease_expires_at = null where id = pg_temp.id('sql processing') $$,
  '23514', null, 'a job cannot be processing without a lease'
);
select throws_ok(
  $$ update public.jobs set lease_expires_at = now() where id = pg_temp.id('sql queued') $$,
  '23514', null, 'a queued job cannot have a lease'
);

-- What follows from a move by plain SQL
select results_eq(
  $$ select max_attempts::integer, attempts::integer, lease_token is null, started_at is null
     from public.jobs where id = pg_temp.id('sql queued') $$,
  $$ values (3, 0, true, true) $$,
  'a new job takes its limits from its kind'
);
select results_eq(
  $$ update public.jobs set status = 'processing' where id = pg_temp.id('sql queued')
     returning attempts::integer, lease_token is not null,
       lease_expires_at between clock_timestamp() + interval '50 seconds' and clock_timestamp() + interval '60 seconds',
       started_at is not null, finished_at is null $$,
  $$ values (1, true, true, true, true) $$,
  'a processing job has a lease, a counted attempt and a start time'
);
select results_eq(
  $$ update public.jobs set status = 'completed' where id = pg_temp.id('sql processing')
     returning progress::integer, lease_expires_at is null, finished_at is not null, processing_duration_ms >= 0 $$,
  $$ values (100, true, true, true) $$,
  'a completed job has a progress of 100 %, an end time and a duration'
);
select results_eq(
  $$ update public.jobs set status = 'failed' where id = pg_temp.id('sql given up')
     returning error_code, finished_at is not null, processing_duration_ms is null $$,
  $$ values ('internal_error', true, true) $$,
  'a job that fails without a claim has an error code and no duration'
);
select results_eq(
  $$ update public.jobs set status = 'queued' where id = pg_temp.id('sql failed')
     returning attempts::integer, finished_at is null $$,
  $$ values (0, true) $$,
  'a requeued job has all its attempts'
);

-- The functions, as the workers call them --------------------------------------------------------------------------

set local role service_role;

select results_eq(
  $$ select status::text, attempts::integer, lease_token is not null, lease_expires_at > clock_timestamp(), progress::integer
     from public.claim_job(pg_temp.id('fresh')) $$,
  $$ values ('processing', 1, true, true, 0) $$,
  'a due job is claimed'
);
select is_empty($$ select public.claim_job(pg_temp.id('fresh')) $$, 'a claimed job is not claimed a second time');
select is_empty($$ select public.claim_job(pg_temp.id('early')) $$, 'a job is not claimed before its time');
select is_empty($$ select public.claim_job(pg_temp.id('held')) $$, 'a held job is not claimed');
select is_empty($$ select public.claim_job(pg_temp.id('done')) $$, 'a completed job is not claimed');
select is_empty($$ select public.claim_job(pg_temp.id('broken')) $$, 'a failed job is not claimed');
select is_empty($$ select public.claim_job(gen_random_uuid()) $$, 'an unknown job is not claimed');
select is_empty($$ select public.claim_job(null) $$, 'a null id claims nothing');
select is_empty(
  $$ select public.claim_job(pg_temp.id('other kind'), 'pdf') $$, 'a job of another kind than asked for is not claimed'
);
select results_eq(
  $$ select kind, attempts::integer from public.claim_job(pg_temp.id('other kind'), 'image') $$,
  $$ values ('image', 1) $$,
  'a refused claim leaves the job unchanged'
);
select results_eq(
  $$ select attempts::integer, lease_token <> pg_temp.lease('expired') from public.claim_job(pg_temp.id('expired')) $$,
  $$ values (2, true) $$,
  'a job whose lease expired is claimed again, under a new lease'
);
select is_empty(
  $$ select public.claim_job(pg_temp.id('exhausted')) $$, 'a job with an expired lease and no attempt left is not claimed'
);

select ok(
  public.report_progress(pg_temp.id('progressing'), pg_temp.lease('progressing'), 40, 'resizing') > clock_timestamp(),
  'progress prolongs the lease'
);
select results_eq(
  $$ select progress::integer, stage from public.jobs where id = pg_temp.id('progressing') $$,
  $$ values (40, 'resizing') $$,
  'reported progress and stage are in the row'
);
select lives_ok(
  $$ select public.report_progress(pg_temp.id('progressing'), pg_temp.lease('progressing'), 250) $$,
  'progress out of range raises no error'
);
select results_eq(
  $$ select progress::integer, stage from public.jobs where id = pg_temp.id('progressing') $$,
  $$ values (100, 'resizing') $$,
  'progress out of range is cut to the range, and a report without stage keeps the old stage'
);

select throws_ok(
  format('select public.complete_job(pg_temp.id(''completing''), pg_temp.lease(''completing''), %L)', result),
  'PT400', 'invalid_arguments', 'a result is not ' || left(result, 20)
)
from (values ('[]'), (jsonb_build_object('x', repeat('x', 65536))::text)) as invalid (result);
select results_eq(
  $$ select status::text, result ->> 'width', progress::integer, stage
     from public.complete_job(pg_temp.id('completing'), pg_temp.lease('completing'), '{"width": 640}') $$,
  $$ values ('completed', '640', 100, null::text) $$,
  'a job is completed with its result'
);
select results_eq(
  $$ select result ->> 'width'
     from public.complete_job(pg_temp.id('completing'), pg_temp.lease('completing'), '{"width": 1}') $$,
  $$ values ('640') $$,
  'completing it again changes nothing'
);
select throws_ok(
  $$ select public.fail_job(pg_temp.id('completing'), pg_temp.lease('completing'), 'file_empty', 'x') $$,
  'PT409', 'illegal_transition', 'a completed job cannot fail'
);

select results_eq(
  $$ select status::text, next_attempt_at between clock_timestamp() - interval '1 second' and clock_timestamp() + interval '2 seconds',
       error_code, stage
     from public.fail_job(pg_temp.id('retrying'), pg_temp.lease('retrying'), 'download_failed', 'No.', true) $$,
  $$ values ('queued', true, 'download_failed', 'waiting_to_retry') $$,
  'a retryable failure waits in the queue for at most the base delay'
);
select results_eq(
  $$ select status::text
     from public.fail_job(pg_temp.id('retrying'), pg_temp.lease('retrying'), 'download_failed', 'No.', true) $$,
  $$ values ('queued') $$,
  'reporting the failure again changes nothing'
);
select throws_ok(
  $$ select public.complete_job(pg_temp.id('retrying'), pg_temp.lease('retrying'), '{}') $$,
  'PT409', 'lease_lost', 'after a reported failure the old lease is lost'
);
select results_eq(
  $$ select status::text, error_code
     from public.fail_job(pg_temp.id('last'), pg_temp.lease('last'), 'download_failed', 'No.', true) $$,
  $$ values ('failed', 'download_failed') $$,
  'the last attempt fails for good'
);
select results_eq(
  $$ select status::text, error_code, error, result ->> 'kept'
     from public.fail_job(pg_temp.id('failing'), pg_temp.lease('failing'), 'file_empty', 'The file is empty.', false, '{"kept": 1}') $$,
  $$ values ('failed', 'file_empty', 'The file is empty.', '1') $$,
  'a failure that cannot be retried ends the job'
);
select results_eq(
  $$ select status::text, error_code, char_length(error), result
     from public.fail_job(pg_temp.id('shouting'), pg_temp.lease('shouting'), 'Oh NO!', repeat('x', 5000) || chr(7), false, '[]') $$,
  $$ values ('failed', 'internal_error', 2000, null::jsonb) $$,
  'a failure with a malformed code, message and result still ends the job'
);

select isnt_empty($$ select public.claim_job(pg_temp.id('stolen')) $$, 'a silent worker''s job is taken over');
select throws_ok(
  $$ select public.report_progress(pg_temp.id('stolen'), pg_temp.lease('stolen'), 50) $$,
  'PT409', 'lease_lost', 'the silent worker cannot report'
);
select throws_ok(
  $$ select public.complete_job(pg_temp.id('stolen'), pg_temp.lease('stolen'), '{}') $$,
  'PT409', 'lease_lost', 'nor complete'
);
select throws_ok(
  $$ select public.fail_job(pg_temp.id('stolen'), pg_temp.lease('stolen'), 'file_empty', 'x') $$,
  'PT409', 'lease_lost', 'nor fail'
);
select throws_ok(
  $$ select public.complete_job(pg_temp.id('unclaimed'), gen_random_uuid(), '{}') $$,
  'PT409', 'illegal_transition', 'a job that was never claimed cannot be completed'
);
select throws_ok(
  $$ select public.complete_job(gen_random_uuid(), gen_random_uuid(), '{}') $$,
  'PT404', 'job_not_found', 'an unknown job cannot be completed'
);

-- People
set local role authenticated;
select tests.sign_in('bob');
select throws_ok(
  $$ select public.requeue_job(pg_temp.id('broken')) $$, 'PT404', 'job_not_found', 'strangers cannot requeue'
);
select throws_ok($$ select public.claim_job(pg_temp.id('unclaimed')) $$, '42501', null, 'people cannot claim');
select throws_ok('select public.sweep_jobs()', '42501', null, 'people cannot sweep');
select tests.sign_in('ann');
select throws_ok(
  $$ select public.requeue_job(pg_temp.id('done')) $$, 'PT409', 'illegal_transition', 'only failed jobs are requeued'
);
select results_eq(
  $$ select status::text, attempts::integer, error_code, error, started_at, finished_at
     from public.requeue_job(pg_temp.id('broken')) $$,
  $$ values ('queued', 0, null::text, null::text, null::timestamptz, null::timestamptz) $$,
  'its user requeues a failed job, which starts over'
);

select * from finish();
rollback;
