-- The end of an attempt: complete_job, or fail_job with a retry or without one. And the one move for people: requeue_job.
--
--   postpone_retry, then fail_job    the retry waits for its random delay, and at least until that moment

create function public.complete_job(p_job_id uuid, p_lease_token uuid, p_result jsonb) returns public.jobs
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  -- A worker's result that is too large is refused as invalid below; this bounds the work of finding that out.
  perform private.check_size('p_result', pg_catalog.pg_column_size(p_result), 1048576);
  v_job := private.lock_leased_job(p_job_id, p_lease_token);
  -- Called again, because the first answer was lost.
  if v_job.status = 'completed' then
    return v_job;
  end if;
  if v_job.status <> 'processing' then
    perform private.refuse_to_work_on(v_job);
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
  'Ends a job with its result. A repeated call with the same lease changes nothing. Errors: message_too_large, job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.complete_job(uuid, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.complete_job(uuid, uuid, jsonb) to service_role;

create function private.retry_delay(p_attempts integer, p_base_seconds integer, p_max_seconds integer)
returns interval
language sql volatile parallel safe security invoker set search_path = ''
as $$
  -- Back-off with full jitter: a uniform draw up to a bound that doubles with each attempt.
  select pg_catalog.make_interval(
    secs => pg_catalog.random()
      * least(p_max_seconds, p_base_seconds * pg_catalog.power(2, least(greatest(p_attempts, 1), 30) - 1))
  );
$$;
comment on function private.retry_delay(integer, integer, integer) is
  'Delay of the retry after a number of attempts: random, between 0 and min(max, base * 2^(attempts - 1)) seconds.';
revoke execute on function private.retry_delay(integer, integer, integer) from public, anon, authenticated;
grant execute on function private.retry_delay(integer, integer, integer) to service_role;

create function public.postpone_retry(p_job_id uuid, p_lease_token uuid, p_seconds integer) returns timestamptz
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_max_seconds constant integer := 3600;
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
begin
  -- Called again after fail_job: the job has ended, or its retry has its time.
  if v_job.status <> 'processing' then
    return v_job.next_attempt_at;
  end if;
  update public.jobs as job
  set next_attempt_at = pg_catalog.clock_timestamp()
    + pg_catalog.make_interval(secs => least(greatest(coalesce(p_seconds, 0), 0), v_max_seconds))
  where job.id = p_job_id
  returning job.next_attempt_at into strict v_job.next_attempt_at;
  return v_job.next_attempt_at;
end;
$$;
comment on function public.postpone_retry(uuid, uuid, integer) is
  'For a worker that was told to come back later, before fail_job: a retry of the job is not due before this many seconds from now, at most 3,600. Does not prolong the lease. Returns when the retry may begin. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.postpone_retry(uuid, uuid, integer) from public, anon, authenticated;
grant execute on function public.postpone_retry(uuid, uuid, integer) to service_role;

create function public.fail_job(
  p_job_id uuid,
  p_lease_token uuid,
  p_error_code text,
  p_error text,
  p_retryable boolean default false,
  p_result jsonb default null
) returns public.jobs
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs;
  v_retry boolean;
begin
  -- Far more than is kept of them: a long error must not keep the job from ending.
  perform private.check_size('p_error_code', pg_catalog.octet_length(p_error_code), 1048576);
  perform private.check_size('p_error', pg_catalog.octet_length(p_error), 1048576);
  perform private.check_size('p_result', pg_catalog.pg_column_size(p_result), 1048576);
  v_job := private.lock_leased_job(p_job_id, p_lease_token);
  v_retry := coalesce(p_retryable, false) and v_job.attempts < v_job.max_attempts;
  -- Called again, because the first answer was lost.
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
    -- A worker's result or error code that is not valid must not keep the job from ending.
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
  'Ends an attempt. If it is retryable and attempts are left, the job is queued for a retry after a random delay, without a message about a failure. Else it has failed. A repeated call with the same lease changes nothing. Errors: message_too_large, job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.fail_job(uuid, uuid, text, text, boolean, jsonb) from public, anon, authenticated;
grant execute on function public.fail_job(uuid, uuid, text, text, boolean, jsonb) to service_role;

create function public.requeue_job(p_job_id uuid) returns public.jobs
language plpgsql volatile
-- Definer: people may not update jobs. The function checks that the caller may see the job.
security definer set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  perform private.count_call('requeue_job');
  select job.* into v_job from public.jobs as job where job.id = p_job_id for no key update;
  if not found or (
    private.is_person()
    and v_job.user_id is distinct from (select auth.uid())
    and not private.is_incident_member(v_job.incident_id)
  ) then
    raise exception 'job_not_found' using errcode = 'PT404', detail = 'There is no such job.';
  end if;
  if private.is_person() and v_job.user_id is distinct from (select auth.uid()) then
    perform private.refuse_viewer(v_job.incident_id);
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
  'Queues a failed job again, from its first step and with all its attempts. For the job''s user, the members of its incident and service_role. Errors: rate_limited, job_not_found, role_forbidden, illegal_transition.';
revoke execute on function public.requeue_job(uuid) from public, anon, authenticated;
grant execute on function public.requeue_job(uuid) to authenticated, service_role;
