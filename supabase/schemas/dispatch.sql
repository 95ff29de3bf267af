-- Dispatch: nudges, which are HTTP requests to the Edge Function of a job's kind, sent after the commit. A nudge may be lost,
-- doubled or late: the job in the table is what counts, and the sweeper nudges again.
--
--   kinds with limits       a change makes jobs due or frees places ─▶ the kind is dispatched at the commit (job_places.sql)
--   kinds without limits    the statement that makes jobs due nudges for them; nothing waits for a place
--
-- URL and key are the vault's secrets `project_url` and `secret_key`. Without them nothing is sent.

create function private.nudge_jobs(p_job_ids uuid[]) returns integer
language plpgsql volatile
-- Definer: no API role may read the secrets or send requests.
security definer set search_path = ''
as $$
declare
  v_project_url text;
  v_secret_key text;
  v_count integer;
begin
  select
    pg_catalog.max(secret.decrypted_secret) filter (where secret.name = 'project_url'),
    pg_catalog.max(secret.decrypted_secret) filter (where secret.name = 'secret_key')
  into v_project_url, v_secret_key
  from vault.decrypted_secrets as secret
  where secret.name in ('project_url', 'secret_key');

  if v_project_url is null or v_secret_key is null then
    return 0;
  end if;

  with due as materialized (
    select job.id, job.kind, job.user_id, kind.function_name
    from unnest(p_job_ids) with ordinality as given (id, position)
    join public.jobs as job on job.id = given.id
    join private.job_kinds as kind on kind.kind = job.kind
    where (job.status = 'queued' and job.next_attempt_at <= pg_catalog.clock_timestamp())
      or job.handed_over_at is not null
    order by given.position
    limit private.max_nudges()
  ),
  sent as (
    select
      due.id, due.kind, due.user_id,
      net.http_post(
        url := pg_catalog.rtrim(v_project_url, '/') || '/functions/v1/' || due.function_name,
        body := pg_catalog.jsonb_build_object('job_id', due.id),
        headers := pg_catalog.jsonb_build_object('content-type', 'application/json', 'apikey', v_secret_key),
        -- The function answers once it has read the job id, and works after that. As long as nudge_hold().
        timeout_milliseconds := 10000
      ) as request_id
    from due
  )
  insert into private.job_nudges as nudge (job_id, kind, user_id, nudged_at)
  select sent.id, sent.kind, sent.user_id, pg_catalog.clock_timestamp()
  from sent
  where sent.request_id is not null
  on conflict (job_id) do update set nudged_at = excluded.nudged_at;
  get diagnostics v_count = row_count;
  return v_count;
exception
  -- A nudge that fails must not fail the change that asked for it. The sweeper tries again.
  when others then
    raise warning 'nudge of % job(s) failed: % (%)', pg_catalog.cardinality(p_job_ids), sqlerrm, sqlstate;
    return 0;
end;
$$;
comment on function private.nudge_jobs(uuid[]) is
  'Calls the Edge Functions of those of the jobs that are due or between two steps, in the order given, at most max_nudges(), without regard to places. Returns the number of calls. Failures are warnings.';
revoke execute on function private.nudge_jobs(uuid[]) from public, anon, authenticated;
grant execute on function private.nudge_jobs(uuid[]) to service_role;

create function private.dispatch_jobs(p_kinds text[], p_wait boolean default true) returns uuid[]
language plpgsql volatile
-- Definer: turns and nudges are closed to API roles.
security definer set search_path = ''
as $$
declare
  v_kind text;
  v_chosen uuid[];
  v_nudged uuid[] := '{}';
begin
  -- Kinds are locked in the order of their names, so that no two transactions wait for each other.
  for v_kind in select kind from unnest(p_kinds) as kind group by kind order by kind loop
    if p_wait then
      perform pg_catalog.pg_advisory_xact_lock(private.kind_lock(v_kind));
    elsif not pg_catalog.pg_try_advisory_xact_lock(private.kind_lock(v_kind)) then
      continue;
    end if;
    v_chosen := private.next_jobs(v_kind);
    if v_chosen <> '{}' and private.nudge_jobs(v_chosen) > 0 then
      v_nudged := v_nudged || v_chosen;
    end if;
  end loop;
  return v_nudged;
exception
  -- A dispatch that fails must not fail the change that asked for it. The sweeper tries again.
  when others then
    raise warning 'dispatch of % failed: % (%)', p_kinds, sqlerrm, sqlstate;
    return '{}';
end;
$$;
comment on function private.dispatch_jobs(text[], boolean) is
  'Nudges for due jobs of these kinds as far as there are places. Waits for the lock of a kind, or with p_wait false skips a locked kind. Returns the jobs. Failures are warnings.';
revoke execute on function private.dispatch_jobs(text[], boolean) from public, anon, authenticated;

create unlogged table private.dispatch_requests (
  xid xid8 not null,
  kind text not null,
  primary key (xid, kind)
);
comment on table private.dispatch_requests is
  'Kinds that the current transaction dispatches at its commit. The transaction deletes its rows again, so others see none.';
alter table private.dispatch_requests enable row level security;
revoke all on table private.dispatch_requests from public, anon, authenticated, service_role;

create function private.tg_dispatch_requests__dispatch() returns trigger
language plpgsql volatile
-- Definer: a role that may change jobs need not be able to dispatch.
security definer set search_path = ''
as $$
declare
  v_kinds text[];
begin
  -- The first row of a transaction dispatches all its kinds.
  with taken as (
    delete from private.dispatch_requests as request
    where request.xid = pg_catalog.pg_current_xact_id()
    returning request.kind
  )
  select pg_catalog.array_agg(taken.kind) into v_kinds from taken;

  if v_kinds is not null then
    perform private.dispatch_jobs(v_kinds);
  end if;
  return null;
end;
$$;
comment on function private.tg_dispatch_requests__dispatch() is 'Dispatches the kinds that the transaction has asked for, at its commit.';
revoke execute on function private.tg_dispatch_requests__dispatch() from public, anon, authenticated;

create constraint trigger tg_dispatch_requests__dispatch
after insert on private.dispatch_requests
deferrable initially deferred
for each row execute function private.tg_dispatch_requests__dispatch();

create function private.dispatch_changes(p_limited_kinds text[], p_job_ids uuid[]) returns void
language plpgsql volatile
security invoker set search_path = ''
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
  'Has the kinds dispatched at the commit, and nudges for the jobs at once. Called by the three triggers on jobs, which are definers.';
revoke execute on function private.dispatch_changes(text[], uuid[]) from public, anon, authenticated;

create function private.tg_jobs__dispatch_insert() returns trigger
language plpgsql volatile
-- Definer: a role that may insert jobs need not be able to dispatch.
security definer set search_path = ''
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
comment on function private.tg_jobs__dispatch_insert() is 'Has new jobs dispatched that are due.';
revoke execute on function private.tg_jobs__dispatch_insert() from public, anon, authenticated;

create trigger tg_jobs__dispatch_insert
after insert on public.jobs
referencing new table as new_jobs
for each statement execute function private.tg_jobs__dispatch_insert();

create function private.tg_jobs__dispatch_update() returns trigger
language plpgsql volatile
-- Definer: a role that may update jobs need not be able to dispatch.
security definer set search_path = ''
-- As tg_jobs__notify_update.
set enable_nestloop = off
as $$
declare
  v_kinds text[];
  v_job_ids uuid[];
begin
  select
    pg_catalog.array_agg(distinct job.kind) filter (
      where private.is_limited(mapping) and (change.frees_place or change.is_due)
    ),
    -- A job between two steps keeps its place.
    pg_catalog.array_agg(job.id order by job.created_at, job.id) filter (
      where (change.is_due and not private.is_limited(mapping)) or change.has_next_step
    )
  into v_kinds, v_job_ids
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  join private.job_kinds as mapping on mapping.kind = job.kind
  cross join lateral (
    select
      before.status = 'processing' and job.status <> 'processing' as frees_place,
      job.status = 'queued'
        and job.next_attempt_at <= pg_catalog.clock_timestamp()
        and (before.status, before.next_attempt_at) is distinct from (job.status, job.next_attempt_at) as is_due,
      job.handed_over_at is not null and before.handed_over_at is null as has_next_step
  ) as change;

  perform private.dispatch_changes(v_kinds, v_job_ids);
  return null;
end;
$$;
comment on function private.tg_jobs__dispatch_update() is
  'Dispatches jobs that have become due, kinds whose jobs have freed a place, and next steps.';
revoke execute on function private.tg_jobs__dispatch_update() from public, anon, authenticated;

create trigger tg_jobs__dispatch_update
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__dispatch_update();

create function private.tg_jobs__dispatch_delete() returns trigger
language plpgsql volatile
-- Definer: a role that may delete jobs need not be able to dispatch.
security definer set search_path = ''
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
comment on function private.tg_jobs__dispatch_delete() is 'Dispatches the kinds of deleted jobs that had a place.';
revoke execute on function private.tg_jobs__dispatch_delete() from public, anon, authenticated;

create trigger tg_jobs__dispatch_delete
after delete on public.jobs
referencing old table as old_jobs
for each statement execute function private.tg_jobs__dispatch_delete();
