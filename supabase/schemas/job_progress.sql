-- Progress and steps of a job that is processing.
--
-- Long work goes in steps, because an Edge Function lives for 150 s and has 2 s of CPU time. A worker ends its step by
-- continue_job, which stores what the next step needs and nudges for it.
--
--   processing ── continue_job ─▶ processing, handed over ── claim_job ─▶ processing, next step
--                                      │
--                                      └─ not claimed before the lease expires: sweep_jobs, as for a silent worker
--
-- Between two steps the job stays `processing` and keeps its place. The lease of the ended step is void. A step is not an
-- attempt: `attempts` counts failures and silences of the whole job. A retry begins with the state of the last step that
-- ended well.

create function private.prolong_lease(p_job_id uuid, p_progress integer, p_stage text, p_partial jsonb default null)
returns timestamptz
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_lease_expires_at timestamptz;
begin
  update public.jobs as job
  set
    -- A percentage out of range is an error of the worker, but no reason to fail its work.
    progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
    stage = coalesce(private.clean_text(p_stage, 100), job.stage),
    partial = coalesce(p_partial, job.partial),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.lease_expires_at into strict v_lease_expires_at;
  return v_lease_expires_at;
end;
$$;
comment on function private.prolong_lease(uuid, integer, text, jsonb) is
  'Prolongs the lease of a job that is processing, and sets progress, stage and partial, those that are not null: one statement, so one message. Returns when the lease expires. The caller has locked the job.';
revoke execute on function private.prolong_lease(uuid, integer, text, jsonb) from public, anon, authenticated;
grant execute on function private.prolong_lease(uuid, integer, text, jsonb) to service_role;

create function public.report_progress(
  p_job_id uuid,
  p_lease_token uuid,
  p_progress integer,
  p_stage text default null
) returns timestamptz
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  perform private.check_size('p_stage', pg_catalog.octet_length(p_stage), 4096);
  v_job := private.lock_leased_job(p_job_id, p_lease_token);
  if v_job.status <> 'processing' then
    perform private.refuse_to_work_on(v_job);
  end if;
  return private.prolong_lease(p_job_id, p_progress, p_stage);
end;
$$;
comment on function public.report_progress(uuid, uuid, integer, text) is
  'Heartbeat of a worker: sets progress in percent and stage, and prolongs the lease. Returns when the lease expires. Errors: message_too_large, job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.report_progress(uuid, uuid, integer, text) from public, anon, authenticated;
grant execute on function public.report_progress(uuid, uuid, integer, text) to service_role;

create function private.is_result(p_result jsonb) returns boolean
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  return p_result is null
    or (pg_catalog.jsonb_typeof(p_result) = 'object' and private.json_fits(p_result, 65536));
end;
$$;
comment on function private.is_result(jsonb) is 'Whether a value may be stored in jobs.result or jobs.state: null, or an object of at most 64 KB.';
revoke execute on function private.is_result(jsonb) from public, anon, authenticated;
grant execute on function private.is_result(jsonb) to service_role;

create function public.continue_job(
  p_job_id uuid,
  p_lease_token uuid,
  p_state jsonb,
  p_progress integer default null,
  p_stage text default null
) returns public.jobs
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs;
  v_max_steps integer;
begin
  perform private.check_size('p_state', pg_catalog.pg_column_size(p_state), 1048576);
  perform private.check_size('p_stage', pg_catalog.octet_length(p_stage), 4096);
  -- Called again, because the first answer was lost.
  select job.* into v_job
  from public.jobs as job
  where job.id = p_job_id and job.lease_token = p_lease_token and job.handed_over_at is not null
  for no key update;
  if found then
    return v_job;
  end if;

  v_job := private.lock_leased_job(p_job_id, p_lease_token);
  if v_job.status <> 'processing' then
    perform private.refuse_to_work_on(v_job);
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
  'Ends a step of a job: stores the state (an object of at most 64 KB), gives up the lease and nudges for the next step, whose claim_job returns the state. Does not count an attempt. A repeated call with the same lease changes nothing. After job_kinds.max_steps steps the job fails with too_many_steps. Errors: message_too_large, job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.continue_job(uuid, uuid, jsonb, integer, text) from public, anon, authenticated;
grant execute on function public.continue_job(uuid, uuid, jsonb, integer, text) to service_role;
