-- Kinds without limits need no turns: whoever adds due jobs nudges for them at once, as many as there are, and an end
-- makes no room for anybody. Looking for the next ones would only read past those that were nudged for already.

create function private.is_limited(p_kind private.job_kinds)
returns boolean
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select (p_kind).max_concurrent is not null or (p_kind).max_concurrent_per_user is not null;
$$;
comment on function private.is_limited(private.job_kinds) is 'Whether jobs of a kind may have to wait for their turn.';
revoke execute on function private.is_limited(private.job_kinds) from public, anon, authenticated;

create function private.dispatch_changes(p_limited_kinds text[], p_job_ids uuid[])
returns void
language plpgsql
volatile
-- Invoker: called by the triggers below, which are definers.
security invoker
set search_path = ''
as $$
begin
  if p_limited_kinds is not null then
    insert into private.dispatch_requests (xid, kind)
    select pg_catalog.pg_current_xact_id(), kind from unnest(p_limited_kinds) as kind
    on conflict do nothing;
  end if;
  if p_job_ids is not null then
    perform private.nudge_jobs(p_job_ids);
  end if;
end;
$$;
comment on function private.dispatch_changes(text[], uuid[]) is
  'Has kinds dispatched at the commit, and nudges for jobs that need not wait for it.';
revoke execute on function private.dispatch_changes(text[], uuid[]) from public, anon, authenticated;

create or replace function private.tg_jobs__dispatch_insert()
returns trigger
language plpgsql
volatile
-- Definer: whoever may insert a job need not be able to dispatch.
security definer
set search_path = ''
as $$
declare
  v_kinds text[];
  v_job_ids uuid[];
begin
  select
    pg_catalog.array_agg(distinct job.kind) filter (where private.is_limited(mapping)),
    pg_catalog.array_agg(job.id order by job.created_at, job.id) filter (where not private.is_limited(mapping))
  into v_kinds, v_job_ids
  from new_jobs as job
  join private.job_kinds as mapping on mapping.kind = job.kind
  where job.status = 'queued' and job.next_attempt_at <= pg_catalog.clock_timestamp();

  perform private.dispatch_changes(v_kinds, v_job_ids);
  return null;
end;
$$;

create or replace function private.tg_jobs__dispatch_update()
returns trigger
language plpgsql
volatile
-- Definer: whoever may update a job need not be able to dispatch.
security definer
set search_path = ''
-- As in tg_jobs__notify_update: never pair the transition tables row by row.
set enable_nestloop = off
as $$
declare
  v_kinds text[];
  v_job_ids uuid[];
begin
  select
    pg_catalog.array_agg(distinct job.kind) filter (where private.is_limited(mapping) and (change.frees or change.waits)),
    -- A next step has its place already.
    pg_catalog.array_agg(job.id order by job.created_at, job.id) filter (
      where (change.waits and not private.is_limited(mapping)) or change.goes_on
    )
  into v_kinds, v_job_ids
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  join private.job_kinds as mapping on mapping.kind = job.kind
  cross join lateral (
    select
      before.status = 'processing' and job.status <> 'processing' as frees,
      job.status = 'queued'
        and job.next_attempt_at <= pg_catalog.clock_timestamp()
        and (before.status, before.next_attempt_at) is distinct from (job.status, job.next_attempt_at) as waits,
      job.handed_over_at is not null and before.handed_over_at is null as goes_on
  ) as change;

  perform private.dispatch_changes(v_kinds, v_job_ids);
  return null;
end;
$$;

create or replace function private.tg_jobs__dispatch_delete()
returns trigger
language plpgsql
volatile
-- Definer: whoever may delete a job need not be able to dispatch.
security definer
set search_path = ''
as $$
declare
  v_kinds text[];
begin
  select pg_catalog.array_agg(distinct job.kind) filter (where private.is_limited(mapping))
  into v_kinds
  from old_jobs as job
  join private.job_kinds as mapping on mapping.kind = job.kind
  where job.status = 'processing';

  perform private.dispatch_changes(v_kinds, null);
  return null;
end;
$$;

-- Queued status updates are published by the function in turns, like all work; what is under way elsewhere takes places,
-- too, but is never refused.
update private.job_kinds set max_concurrent = 64, max_concurrent_per_user = 16 where kind = 'status';
