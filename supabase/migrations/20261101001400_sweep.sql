-- The sweeper: why work always ends. Every 30 s it takes back jobs whose worker went silent and nudges again for
-- jobs that are due, be it a retry or a nudge that was lost.

create function public.sweep_jobs()
returns integer
language plpgsql
volatile
-- Definer: knows of the nudges, which are closed to API roles.
security definer
set search_path = ''
as $$
declare
  -- Sweeps are short; what is left over is for the next.
  v_limit constant integer := 500;
  -- A little less than a sweep's period: a nudge that had no effect is repeated by the next sweep.
  v_patience constant interval := '25 seconds';
  v_expired integer;
  v_due uuid[];
begin
  -- So that the join below finds everybody.
  insert into private.notification_heads (user_id)
  select distinct job.user_id
  from public.jobs as job
  where job.status = 'processing'
    and job.lease_expires_at <= pg_catalog.now()
    and not exists (select from private.notification_heads as head where head.user_id = job.user_id)
  order by job.user_id
  on conflict (user_id) do nothing;

  -- Locked rows are skipped. A head's: its user is in a long transaction, for which the sweep would hold up all
  -- others; or another sweep has the user. A job's: its worker is just reporting, so it is alive.
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
  expired as (
    select job.id
    from public.jobs as job
    join available on available.user_id = job.user_id
    where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now()
    order by job.lease_expires_at
    limit v_limit
    for no key update of job skip locked
  )
  update public.jobs as job
  set
    status = case when job.attempts < job.max_attempts then 'queued' else 'failed' end::public.job_status,
    progress = case when job.attempts < job.max_attempts then 0 else job.progress end,
    stage = case when job.attempts < job.max_attempts then 'waiting_to_retry' end,
    -- It has waited for its lease already.
    next_attempt_at = pg_catalog.now(),
    lease_token = null,
    error_code = 'lease_expired',
    error = 'The work did not finish in time.'
  from expired
  where job.id = expired.id;
  get diagnostics v_expired = row_count;

  select pg_catalog.array_agg(due.id)
  into v_due
  from (
    select job.id
    from public.jobs as job
    left join private.job_nudges as nudge on nudge.job_id = job.id
    where job.status = 'queued'
      and job.next_attempt_at <= pg_catalog.now()
      and (
        nudge.nudged_at is null
        or nudge.nudged_at < job.next_attempt_at
        or nudge.nudged_at < pg_catalog.now() - v_patience
      )
    order by job.next_attempt_at, job.id
    limit v_limit
    for no key update of job skip locked
  ) as due;

  return v_expired + case when v_due is null then 0 else private.nudge_jobs(v_due) end;
end;
$$;
comment on function public.sweep_jobs() is
  'Requeues or ends jobs whose lease expired and nudges for due ones that no recent nudge was sent for. Returns how many jobs it acted upon.';
revoke execute on function public.sweep_jobs() from public, anon, authenticated;
grant execute on function public.sweep_jobs() to service_role;

select cron.schedule('sweep-jobs', '30 seconds', 'select public.sweep_jobs()');
