-- The sweeper: the reason why every job ends. Every 30 s it takes back jobs whose lease has expired, and nudges again for
-- jobs that are due: retries, and jobs whose nudge was lost. It waits for no lock, so a long transaction of one user does
-- not hold up the jobs of others.

create function public.sweep_jobs() returns integer
language plpgsql volatile
-- Definer: nudges and heads are closed to API roles.
security definer set search_path = ''
as $$
declare
  -- What is left over is for the next sweep.
  v_limit constant integer := private.max_nudges();
  v_kinds text[];
  v_expired uuid[];
  v_waiting uuid[];
  v_nudged uuid[];
begin
  -- A head for every user with an expired job, for the join below.
  insert into private.notification_heads (user_id)
  select distinct job.user_id
  from public.jobs as job
  where job.status = 'processing'
    and job.lease_expires_at <= pg_catalog.now()
    and not exists (select from private.notification_heads as head where head.user_id = job.user_id)
  order by job.user_id
  on conflict (user_id) do nothing;

  -- Kinds that another transaction has locked are skipped. Ending jobs frees places of the others, dispatched below.
  select pg_catalog.array_agg(free.kind)
  into v_kinds
  from (
    select kind.kind from private.job_kinds as kind order by kind.kind
  ) as free
  where pg_catalog.pg_try_advisory_xact_lock(private.kind_lock(free.kind));

  -- Locked rows are skipped.
  --   head       the user is in another transaction, perhaps a long one
  --   incident   the end of its last job locks it; the other transaction will need a kind at its commit
  --   job        its worker is just reporting progress, so the worker is alive
  with available as materialized (
    select head.user_id
    from private.notification_heads as head
    where head.user_id in (
      select job.user_id
      from public.jobs as job
      where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now()
    )
    for no key update skip locked
  ),
  incident as materialized (
    select incident.id
    from public.incidents as incident
    where incident.id in (
      select job.incident_id
      from public.jobs as job
      where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now()
    )
    for no key update skip locked
  ),
  expired as (
    select job.id
    from public.jobs as job
    join available on available.user_id = job.user_id
    where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now() and job.kind = any (v_kinds)
      and (job.incident_id is null or job.incident_id in (select incident.id from incident))
    order by job.lease_expires_at
    limit v_limit
    for no key update of job skip locked
  ),
  ended as (
    update public.jobs as job
    set
      status = case when job.attempts < job.max_attempts then 'queued' else 'failed' end::public.job_status,
      progress = case when job.attempts < job.max_attempts then 0 else job.progress end,
      stage = case when job.attempts < job.max_attempts then 'waiting_to_retry' end,
      -- Due at once, because the job has waited for its lease. Later than any nudge so far, which now() might not be.
      next_attempt_at = pg_catalog.clock_timestamp(),
      lease_token = null,
      error_code = 'lease_expired',
      error = 'The work did not finish in time.'
    from expired
    where job.id = expired.id
    returning job.id
  )
  select pg_catalog.array_agg(ended.id) into v_expired from ended;

  -- Next steps that no worker has claimed.
  select pg_catalog.array_agg(waiting.id)
  into v_waiting
  from (
    select job.id
    from public.jobs as job
    left join private.job_nudges as nudge on nudge.job_id = job.id
    where job.handed_over_at <= pg_catalog.now() - private.nudge_patience()
      and (nudge.nudged_at is null or nudge.nudged_at <= pg_catalog.now() - private.nudge_patience())
    order by job.handed_over_at
    limit v_limit
    for no key update of job skip locked
  ) as waiting;
  if v_waiting is not null and private.nudge_jobs(v_waiting) = 0 then
    v_waiting := null;
  end if;

  v_nudged := private.dispatch_jobs(v_kinds, p_wait => false);
  return (
    select pg_catalog.count(*)
    from (select unnest(v_expired) union select unnest(v_waiting) union select unnest(v_nudged)) as acted_upon
  );
end;
$$;
comment on function public.sweep_jobs() is
  'Queues jobs whose lease has expired again, or ends them when no attempts are left. Nudges for due jobs, within the limits, that were not nudged for lately. Waits for no lock. Returns the number of jobs it acted upon.';
revoke execute on function public.sweep_jobs() from public, anon, authenticated;
grant execute on function public.sweep_jobs() to service_role;
