-- The moves of a job, for workers (service_role) and for people (requeue_job). Each touches one job.
--
-- Errors have the form of PostgREST: SQLSTATE PT<http status>, message = code, detail = sentence.
--   job_not_found 404        no such job, or none that the caller may see
--   lease_lost 409           another worker has the job, or the sweeper took it back
--   illegal_transition 409   the job's state does not allow this move
--
-- Long work in steps: a function lives for 150 s and 2 s of CPU time, work may take longer. A worker ends its step with
-- continue_job, which keeps what the next step needs and nudges for it at once.
--
--   processing ── continue_job ─▶ processing, handed over ── claim_job ─▶ processing, next step
--                                      │
--                                      └─ nobody came until the lease expired: sweep_jobs, as with any silent worker
--
-- Between two steps the job stays `processing` for everybody who watches, and keeps its place within the limits. The
-- lease of the ended step is void from then on. A step is no attempt: `attempts` counts failures and silences of the
-- job as a whole. A retry begins with the state of the last step that ended well, not from the start.

create function private.lock_leased_job(p_job_id uuid, p_lease_token uuid)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  select job.* into v_job from public.jobs as job where job.id = p_job_id for no key update;
  if not found then
    raise exception 'job_not_found' using errcode = 'PT404', detail = 'There is no such job.';
  end if;
  if v_job.lease_token is null and v_job.attempts = 0 then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('The job is %s and was never claimed.', v_job.status);
  end if;
  if v_job.lease_token is distinct from p_lease_token then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'Another worker has the job, or it was taken back when its lease expired.';
  end if;
  if v_job.handed_over_at is not null then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'This step has ended; the job waits for the worker of the next.';
  end if;
  return v_job;
end;
$$;
comment on function private.lock_leased_job(uuid, uuid) is
  'The job, locked, if the lease is the latest that was given for it. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function private.lock_leased_job(uuid, uuid) from public, anon, authenticated;
grant execute on function private.lock_leased_job(uuid, uuid) to service_role;

create function private.is_result(p_result jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select p_result is null
    or (pg_catalog.jsonb_typeof(p_result) = 'object' and pg_catalog.octet_length(p_result::text) <= 65536);
$$;
comment on function private.is_result(jsonb) is 'Whether public.jobs.result takes this: null, or an object of at most 64 KB.';
revoke execute on function private.is_result(jsonb) from public, anon, authenticated;
grant execute on function private.is_result(jsonb) to service_role;

create function private.retry_delay(p_attempts integer, p_base_seconds integer, p_max_seconds integer)
returns interval
language sql
volatile
parallel safe
security invoker
set search_path = ''
as $$
  -- Full jitter: a uniform draw up to a ceiling that doubles with each attempt.
  select pg_catalog.make_interval(
    secs => pg_catalog.random()
      * least(p_max_seconds, p_base_seconds * pg_catalog.power(2, least(greatest(p_attempts, 1), 30) - 1))
  );
$$;
comment on function private.retry_delay(integer, integer, integer) is
  'How long to wait after the given number of attempts: between 0 and min(max, base * 2^(attempts - 1)) seconds.';
revoke execute on function private.retry_delay(integer, integer, integer) from public, anon, authenticated;
grant execute on function private.retry_delay(integer, integer, integer) to service_role;

create function public.claim_job(p_job_id uuid, p_kind text default null)
returns setof public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs;
  v_next_step boolean;
begin
  -- Of many callers one gets the row: the others wait for it and find it taken.
  select job.* into v_job
  from public.jobs as job
  where job.id = p_job_id and (p_kind is null or job.kind = p_kind)
  for no key update;
  if not found then
    return;
  end if;

  v_next_step := v_job.handed_over_at is not null;
  if v_job.status = 'queued' then
    if v_job.next_attempt_at > pg_catalog.clock_timestamp()
       or not private.take_place(v_job.id, v_job.kind, v_job.user_id)
    then
      return;
    end if;
  elsif v_job.status <> 'processing'
    -- Out of attempts, an expired job is left to the sweeper, which ends it.
    or not (
      v_next_step
      or (v_job.lease_expires_at <= pg_catalog.clock_timestamp() and v_job.attempts < v_job.max_attempts)
    )
  then
    return;
  end if;

  return query
  update public.jobs as job
  set
    status = 'processing',
    attempts = job.attempts + case when v_next_step then 0 else 1 end,
    lease_token = pg_catalog.gen_random_uuid(),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds),
    handed_over_at = null,
    started_at = case when v_next_step then job.started_at else pg_catalog.clock_timestamp() end,
    progress = case when v_next_step then job.progress else 0 end,
    stage = case when v_next_step then job.stage end
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.*;
end;
$$;
comment on function public.claim_job(uuid, text) is
  'Takes a due job, one whose next step waits, or one whose lease expired: one row with a new lease_token, or none where there is nothing to do (held, ended, not due, out of attempts, of another kind than p_kind, unknown) or no room within the limits of its kind; then it stays queued and is nudged for when there is. Call it in a transaction of its own: until its end others wait who claim or end jobs of the kind.';
revoke execute on function public.claim_job(uuid, text) from public, anon, authenticated;
grant execute on function public.claim_job(uuid, text) to service_role;

create function public.report_progress(
  p_job_id uuid,
  p_lease_token uuid,
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
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
  v_lease_expires_at timestamptz;
begin
  if v_job.status = 'queued' then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'The job is back in the queue.';
  elsif v_job.status <> 'processing' then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('The job is %s already.', v_job.status);
  end if;

  update public.jobs as job
  set
    -- Out of range is a worker's slip, not a reason to fail its work.
    progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
    stage = coalesce(private.clean_text(p_stage, 100), job.stage),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.lease_expires_at into strict v_lease_expires_at;
  return v_lease_expires_at;
end;
$$;
comment on function public.report_progress(uuid, uuid, integer, text) is
  'Heartbeat of a worker: progress in percent, stage, and the lease prolonged to the returned moment. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.report_progress(uuid, uuid, integer, text) from public, anon, authenticated;
grant execute on function public.report_progress(uuid, uuid, integer, text) to service_role;

create function public.continue_job(
  p_job_id uuid,
  p_lease_token uuid,
  p_state jsonb,
  p_progress integer default null,
  p_stage text default null
)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs;
  v_max_steps integer;
begin
  -- The worker did not hear our first answer.
  select job.* into v_job
  from public.jobs as job
  where job.id = p_job_id and job.lease_token = p_lease_token and job.handed_over_at is not null
  for no key update;
  if found then
    return v_job;
  end if;

  v_job := private.lock_leased_job(p_job_id, p_lease_token);
  if v_job.status = 'queued' then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'The job is back in the queue.';
  elsif v_job.status <> 'processing' then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('The job is %s already.', v_job.status);
  end if;
  if p_state is null or not private.is_result(p_state) then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A state is an object of at most 64 KB.';
  end if;

  select kind.max_steps into strict v_max_steps from private.job_kinds as kind where kind.kind = v_job.kind;
  if v_job.step + 1 >= v_max_steps then
    update public.jobs as job
    set status = 'failed', error_code = 'too_many_steps', error = 'The work needs more steps than allowed.'
    where job.id = p_job_id
    returning job.* into strict v_job;
    return v_job;
  end if;

  update public.jobs as job
  set
    step = job.step + 1,
    state = p_state,
    handed_over_at = pg_catalog.clock_timestamp(),
    progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
    stage = coalesce(private.clean_text(p_stage, 100), job.stage),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.* into strict v_job;
  return v_job;
end;
$$;
comment on function public.continue_job(uuid, uuid, jsonb, integer, text) is
  'Ends a step: keeps the state (an object of at most 64 KB), gives the lease up and nudges for the next step, which gets the state from claim_job. Counts no attempt. Repeated with the same lease it changes nothing. Beyond job_kinds.max_steps the job fails with too_many_steps. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.continue_job(uuid, uuid, jsonb, integer, text) from public, anon, authenticated;
grant execute on function public.continue_job(uuid, uuid, jsonb, integer, text) to service_role;

create function public.complete_job(p_job_id uuid, p_lease_token uuid, p_result jsonb)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
begin
  -- The worker did not hear our first answer.
  if v_job.status = 'completed' then
    return v_job;
  end if;
  if v_job.status = 'queued' then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'The job is back in the queue.';
  end if;
  if not private.is_result(p_result) then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A result is an object of at most 64 KB.';
  end if;

  update public.jobs as job
  set status = 'completed', result = coalesce(p_result, '{}'), stage = null
  where job.id = p_job_id
  returning job.* into strict v_job;
  return v_job;
end;
$$;
comment on function public.complete_job(uuid, uuid, jsonb) is
  'Ends a job with its result. Repeated with the same lease it changes nothing. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.complete_job(uuid, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.complete_job(uuid, uuid, jsonb) to service_role;

create function public.postpone_retry(p_job_id uuid, p_lease_token uuid, p_seconds integer)
returns timestamptz
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Whoever asks for more is asked again after that.
  v_longest constant integer := 3600;
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
begin
  -- Ended, or queued again: there is no retry left to postpone, or it has its time already.
  if v_job.status <> 'processing' then
    return v_job.next_attempt_at;
  end if;
  update public.jobs as job
  set next_attempt_at = pg_catalog.clock_timestamp()
    + pg_catalog.make_interval(secs => least(greatest(coalesce(p_seconds, 0), 0), v_longest))
  where job.id = p_job_id
  returning job.next_attempt_at into strict v_job.next_attempt_at;
  return v_job.next_attempt_at;
end;
$$;
comment on function public.postpone_retry(uuid, uuid, integer) is
  'Before fail_job: should the job be tried again, then not before so many seconds from now, at most 3,600; whoever refused the work has said so. The lease stays as it is. Returns that moment. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.postpone_retry(uuid, uuid, integer) from public, anon, authenticated;
grant execute on function public.postpone_retry(uuid, uuid, integer) to service_role;

create function public.fail_job(
  p_job_id uuid,
  p_lease_token uuid,
  p_error_code text,
  p_error text,
  p_retryable boolean default false,
  p_result jsonb default null
)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
  v_retry boolean := coalesce(p_retryable, false) and v_job.attempts < v_job.max_attempts;
begin
  -- The worker did not hear our first answer.
  if v_job.status in ('failed', 'queued') then
    return v_job;
  end if;

  update public.jobs as job
  set
    status = case when v_retry then 'queued' else 'failed' end::public.job_status,
    progress = case when v_retry then 0 else job.progress end,
    stage = case when v_retry then 'waiting_to_retry' end,
    next_attempt_at = case
      when v_retry
      then pg_catalog.clock_timestamp() + private.retry_delay(job.attempts, kind.retry_base_seconds, kind.retry_max_seconds)
      else job.next_attempt_at
    end,
    -- What a worker says must not keep its job from ending.
    result = case when private.is_result(p_result) then coalesce(p_result, job.result) else job.result end,
    error_code = case when p_error_code ~ '^[a-z][a-z0-9_]{0,63}$' then p_error_code else 'internal_error' end,
    error = private.clean_text(p_error, 2000)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.* into strict v_job;
  return v_job;
end;
$$;
comment on function public.fail_job(uuid, uuid, text, text, boolean, jsonb) is
  'Ends an attempt. Retryable with attempts left: queued again after a random delay, without a message of failure; else failed. Repeated with the same lease it changes nothing. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.fail_job(uuid, uuid, text, text, boolean, jsonb) from public, anon, authenticated;
grant execute on function public.fail_job(uuid, uuid, text, text, boolean, jsonb) to service_role;

create function public.requeue_job(p_job_id uuid)
returns public.jobs
language plpgsql
volatile
-- Definer: people may not update jobs; this one move is open to those who can see the job, which it checks itself.
security definer
set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  select job.* into v_job from public.jobs as job where job.id = p_job_id for no key update;
  -- The role that the API has switched to; current_user is the definer here. service_role sees every job.
  if not found or (
    coalesce(pg_catalog.current_setting('role', true), 'none') in ('anon', 'authenticated')
    and v_job.user_id is distinct from (select auth.uid())
    and not private.is_incident_member(v_job.incident_id)
  ) then
    raise exception 'job_not_found' using errcode = 'PT404', detail = 'There is no such job.';
  end if;
  if v_job.status <> 'failed' then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('Only a failed job can be tried again; this one is %s.', v_job.status);
  end if;

  update public.jobs as job
  set
    status = 'queued',
    attempts = 0,
    next_attempt_at = pg_catalog.clock_timestamp(),
    progress = 0,
    stage = null,
    result = null,
    error_code = null,
    error = null,
    lease_token = null,
    started_at = null,
    processing_duration_ms = null
  where job.id = p_job_id
  returning job.* into strict v_job;
  return v_job;
end;
$$;
comment on function public.requeue_job(uuid) is
  'A failed job starts over with all its attempts, for its user and the members of its incident. Errors: job_not_found, illegal_transition.';
revoke execute on function public.requeue_job(uuid) from public, anon, authenticated;
grant execute on function public.requeue_job(uuid) to authenticated, service_role;
