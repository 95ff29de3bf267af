-- The end of a worker that ran out of memory. The host of the workers ends such a worker and calls end_worker, so that its
-- jobs need not wait until their leases expire.
--
-- A worker has several jobs, of several users, and the host cannot tell which of them took the memory. jobs.stage is null
-- until a worker begins with a job:
--
--   not begun                                queued again, the attempt is not counted
--   begun, for the first time                queued again to run alone in its worker, the attempt is not counted
--   begun and alone in the worker, again     failed: worker_out_of_memory
--
-- So a job ends at most two workers, and the jobs beside it lose no attempt.

create function private.end_worker(p_worker_id uuid) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_jobs uuid[];
  v_begun integer;
  v_count integer;
begin
  -- Rows in the order of their ids, so that two calls never wait for each other.
  select
    pg_catalog.array_agg(held.id),
    pg_catalog.count(held.stage)
  into v_jobs, v_begun
  from (
    select job.id, job.stage
    from public.jobs as job
    where job.worker_id = p_worker_id and job.status = 'processing' and job.handed_over_at is null
    order by job.id
    for no key update
  ) as held;

  with ended as (
    select
      job.id,
      case
        when job.stage is null and v_begun > 0 then 'uncounted'
        when job.stage is not null and not job.runs_alone then 'uncounted'
        when job.runs_alone and v_begun = 1 then 'failed'
        -- Work that runs alone began beside other work, or no work had begun: every attempt counts, so that work ends.
        when job.attempts < job.max_attempts then 'counted'
        else 'failed'
      end as outcome
    from public.jobs as job
    where job.id = any (v_jobs)
  )
  update public.jobs as job
  set
    status = case when ended.outcome = 'failed' then 'failed' else 'queued' end::public.job_status,
    attempts = job.attempts - case when ended.outcome = 'uncounted' then 1 else 0 end,
    runs_alone = job.runs_alone or job.stage is not null,
    progress = case when ended.outcome = 'failed' then job.progress else 0 end,
    stage = case when ended.outcome <> 'failed' then 'waiting_to_retry' end,
    next_attempt_at = pg_catalog.clock_timestamp(),
    lease_token = null,
    error_code = 'worker_out_of_memory',
    error = 'The work needs more memory than a worker has.'
  from ended
  where job.id = ended.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.end_worker(uuid) is
  'For the host of the workers, after a worker ran out of memory and was ended: queues its jobs again, or ends the one that needs more memory than a worker has. Returns the number of jobs.';
revoke execute on function private.end_worker(uuid) from public, anon, authenticated, service_role;
