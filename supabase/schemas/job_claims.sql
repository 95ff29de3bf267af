-- Claims and leases. A worker claims a job and gets a lease token. It gives the token with every later call, and keeps the
-- lease alive by report_progress. After the lease has expired, another worker may claim the job; the first worker then gets
-- lease_lost.
--
-- Errors have the form of PostgREST: SQLSTATE PT<http status>, the message is the code, the detail a sentence.
--
--   job_not_found 404        no such job, or none that the caller may see
--   lease_lost 409           another worker has the job, or the sweeper has taken it back
--   illegal_transition 409   the job's status does not allow this move

create function public.claim_job(p_job_id uuid, p_kind text default null, p_worker_id uuid default null)
returns setof public.jobs
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.jobs;
  v_next_step boolean;
begin
  perform private.check_size('p_kind', pg_catalog.octet_length(p_kind), 256);
  -- Of several callers one gets the row. The others wait for its lock and then find the job claimed.
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
    -- An expired job without attempts left is ended by the sweeper.
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
    worker_id = p_worker_id,
    started_at = case when v_next_step then job.started_at else pg_catalog.clock_timestamp() end,
    progress = case when v_next_step then job.progress else 0 end,
    stage = case when v_next_step then job.stage end
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.*;
end;
$$;
comment on function public.claim_job(uuid, text, uuid) is
  'Claims a job that is due, whose next step waits, or whose lease has expired. Returns one row with a new lease_token, or no row: the job is held, ended, not due, out of attempts, of another kind than p_kind or unknown, or its kind has no free place. Without a place the job stays queued and is nudged for when a place is free. With p_worker_id, the job is queued again at once if that worker runs out of memory. Call it in a transaction of its own: until the end of the transaction, other claims of the kind wait. Errors: message_too_large.';
revoke execute on function public.claim_job(uuid, text, uuid) from public, anon, authenticated;
grant execute on function public.claim_job(uuid, text, uuid) to service_role;

create function private.lock_leased_job(p_job_id uuid, p_lease_token uuid) returns public.jobs
language plpgsql volatile security invoker set search_path = ''
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
    raise exception 'lease_lost' using
      errcode = 'PT409', detail = 'Another worker has the job, or it was taken back when its lease expired.';
  end if;
  if v_job.handed_over_at is not null then
    raise exception 'lease_lost' using
      errcode = 'PT409', detail = 'This step has ended; the job waits for the worker of the next.';
  end if;
  return v_job;
end;
$$;
comment on function private.lock_leased_job(uuid, uuid) is
  'Locks the job and returns it, in whatever status, if the lease is the last one given for it. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function private.lock_leased_job(uuid, uuid) from public, anon, authenticated;
grant execute on function private.lock_leased_job(uuid, uuid) to service_role;

-- Only called when the job is not processing, so that the usual case costs no call.
create function private.refuse_to_work_on(p_job public.jobs) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if p_job.status = 'queued' then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'The job is back in the queue.';
  end if;
  raise exception 'illegal_transition' using
    errcode = 'PT409', detail = pg_catalog.format('The job is %s already.', p_job.status);
end;
$$;
comment on function private.refuse_to_work_on(public.jobs) is
  'Raises the error for a worker that has the last lease of a job which is queued again or has ended. Errors: lease_lost, illegal_transition.';
revoke execute on function private.refuse_to_work_on(public.jobs) from public, anon, authenticated;
grant execute on function private.refuse_to_work_on(public.jobs) to service_role;
