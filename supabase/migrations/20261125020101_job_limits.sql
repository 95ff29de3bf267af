-- Limits: how many jobs of a kind run at once, altogether and for one user, and whose turn it is when a place is free.
--
--   a job becomes due ─┐                            at commit, with the kind locked
--   a place is free ───┴▶ dispatch_requests ─▶ dispatch_jobs ─▶ next_jobs ─▶ nudge_jobs ─▶ a function
--                                                                                             │
--                     takes a place, or gets no row and stays queued: claim_job ◀─────────────┘
--
-- The claim enforces the limits; what is nudged for only saves claims that would be in vain. A nudge holds its place
-- for a while, so that two free places are not offered to three jobs.
--
-- Fair: free places go round the users who wait, one each, on from the user who had the last one. A user's single job
-- waits for one turn, however many jobs another has.
--
-- Locks. A kind is locked by claims, from the look at the places until their end, and by dispatch, from the choice
-- until the end of its transaction. Dispatch is deferred to the commit, so a long transaction holds a kind only for
-- its last moment. The order is: the jobs' rows, heads, kinds by name; nobody who has a kind waits for a row or a head.
-- No wake-up is lost: who comes second to the lock sees what the first did, be it a place that it freed or a job that
-- it added. The sweeper does not wait for a kind that is locked; somebody is at it.

alter table private.job_kinds
  add column max_concurrent integer default 32,
  add column max_concurrent_per_user integer default 8,
  add constraint job_kinds_concurrency_is_positive check (max_concurrent > 0 and max_concurrent_per_user > 0);
comment on column private.job_kinds.max_concurrent is 'Jobs of this kind that may be processed at once; null: no limit.';
comment on column private.job_kinds.max_concurrent_per_user is 'The same for the jobs of one user.';

-- A report takes most of a worker's memory, a transcription much of its provider's patience.
update private.job_kinds set max_concurrent = 16, max_concurrent_per_user = 4 where kind in ('pdf', 'transcription');

-- Places that are taken: few, as they are of unfinished jobs.
create index jobs_places_idx on public.jobs (kind, user_id) where status = 'processing';
-- Who waits, and for what: the users of a kind in order, and each user's jobs in theirs.
create index jobs_queue_idx on public.jobs (kind, user_id, next_attempt_at, created_at, id) where status = 'queued';

alter table private.job_nudges add column kind text, add column user_id uuid;
update private.job_nudges as nudge
set kind = job.kind, user_id = job.user_id
from public.jobs as job
where job.id = nudge.job_id;
alter table private.job_nudges alter column kind set not null, alter column user_id set not null;
create index job_nudges_places_idx on private.job_nudges (kind, nudged_at);
comment on table private.job_nudges is
  'When a function was last nudged for a job that was not claimed since: the sweeper does not nudge for what was just sent, and a nudge holds a place for a moment.';
comment on column private.job_nudges.kind is 'Of the job, for counting.';
comment on column private.job_nudges.user_id is 'Of the job, for counting.';

create table private.job_turns (
  kind text primary key references private.job_kinds (kind) on delete cascade,
  user_id uuid not null
);
comment on table private.job_turns is 'Which user had the last free place of a kind; the next is for the one after.';
comment on column private.job_turns.user_id is 'A place in the order of ids; the user may be gone.';
alter table private.job_turns enable row level security;
revoke all on table private.job_turns from public, anon, authenticated, service_role;

create unlogged table private.dispatch_requests (
  xid xid8 not null,
  kind text not null,
  primary key (xid, kind)
);
comment on table private.dispatch_requests is
  'Kinds that a transaction has to dispatch at its commit; always empty for others, as it takes them away itself.';
alter table private.dispatch_requests enable row level security;
revoke all on table private.dispatch_requests from public, anon, authenticated, service_role;

create function private.kind_lock(p_kind text)
returns bigint
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select pg_catalog.hashtextextended('private.job_kinds ' || p_kind, 0);
$$;
comment on function private.kind_lock(text) is 'Key of the advisory lock of a kind.';
revoke execute on function private.kind_lock(text) from public, anon, authenticated;

-- How long a nudge counts as a taken place: as long as a function has for its answer.
create function private.nudge_hold()
returns interval
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select interval '10 seconds';
$$;
comment on function private.nudge_hold() is 'How long a nudge holds a place for its job.';
revoke execute on function private.nudge_hold() from public, anon, authenticated;

-- A little less than a sweep's period: a nudge that had no effect is repeated by the next sweep.
create function private.nudge_patience()
returns interval
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select interval '25 seconds';
$$;
comment on function private.nudge_patience() is 'How long a nudge has for its effect before it is repeated.';
revoke execute on function private.nudge_patience() from public, anon, authenticated;

create or replace function private.nudge_jobs(p_job_ids uuid[])
returns integer
language plpgsql
volatile
-- Definer: reads the secrets and sends requests, which no API role may do freely.
security definer
set search_path = ''
as $$
declare
  -- More than a statement's worth of requests would only queue up in pg_net; the sweeper sends the others.
  v_limit constant integer := 500;
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
    limit v_limit
  ),
  sent as (
    select
      due.id, due.kind, due.user_id,
      net.http_post(
        url := pg_catalog.rtrim(v_project_url, '/') || '/functions/v1/' || due.function_name,
        body := pg_catalog.jsonb_build_object('job_id', due.id),
        headers := pg_catalog.jsonb_build_object('content-type', 'application/json', 'apikey', v_secret_key),
        -- The function answers when it has the job and works on after that.
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
  -- The change that asked for the nudge must not fail with it: the sweeper will try again.
  when others then
    raise warning 'nudge of % job(s) failed: % (%)', pg_catalog.cardinality(p_job_ids), sqlerrm, sqlstate;
    return 0;
end;
$$;
comment on function private.nudge_jobs(uuid[]) is
  'Asks the functions of those of the jobs that are due, or between two steps, to work on them: in the order given, at most 500, whatever the limits. Returns how many were asked; failures are warnings.';

create function private.next_jobs(p_kind text)
returns uuid[]
language plpgsql
volatile
security invoker
set search_path = ''
-- Walk the indexes in their order and stop early. Statistics of a moment, such as an empty table of nudges, make plans
-- look cheap that read whole queues.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_now constant timestamptz := pg_catalog.clock_timestamp();
  v_held_since constant timestamptz := v_now - private.nudge_hold();
  v_asked_since constant timestamptz := v_now - private.nudge_patience();
  v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
  v_limits private.job_kinds;
  -- As many as nudge_jobs takes.
  v_places integer := 500;
  v_places_of_user integer;
  v_turn uuid;
  v_after uuid;
  v_wrapped boolean := false;
  v_user uuid;
  v_users uuid[] := '{}';
  v_shares integer[] := '{}';
  v_chosen uuid[];
begin
  select kind.* into v_limits from private.job_kinds as kind where kind.kind = p_kind;
  if v_limits.max_concurrent is not null then
    select least(
      v_places,
      v_limits.max_concurrent
        - (select pg_catalog.count(*) from public.jobs as job where job.kind = p_kind and job.status = 'processing')
        - (
          select pg_catalog.count(*)
          from private.job_nudges as nudge
          join public.jobs as job on job.id = nudge.job_id and job.status = 'queued'
          where nudge.kind = p_kind and nudge.nudged_at > v_held_since
        )
    ) into v_places;
    if v_places <= 0 then
      return '{}';
    end if;
  end if;

  -- Once round those who wait, on from the user who had the last place, until there are enough.
  select turn.user_id into v_turn from private.job_turns as turn where turn.kind = p_kind;
  v_turn := coalesce(v_turn, v_zero);
  v_after := v_turn;
  while pg_catalog.cardinality(v_users) < v_places loop
    select job.user_id into v_user
    from public.jobs as job
    where job.kind = p_kind
      and job.user_id > v_after
      and job.status = 'queued'
      and job.next_attempt_at <= v_now
      and not exists (
        select
        from private.job_nudges as nudge
        where nudge.job_id = job.id and nudge.nudged_at > v_asked_since and nudge.nudged_at >= job.next_attempt_at
      )
    order by job.user_id
    limit 1;
    if not found then
      exit when v_wrapped;
      v_wrapped := true;
      v_after := v_zero;
      continue;
    end if;
    exit when v_wrapped and v_user > v_turn;
    v_after := v_user;

    v_places_of_user := v_places;
    if v_limits.max_concurrent_per_user is not null then
      select least(
        v_places,
        v_limits.max_concurrent_per_user
          - (
            select pg_catalog.count(*)
            from public.jobs as job
            where job.kind = p_kind and job.user_id = v_user and job.status = 'processing'
          )
          - (
            select pg_catalog.count(*)
            from private.job_nudges as nudge
            join public.jobs as job on job.id = nudge.job_id and job.status = 'queued'
            where nudge.kind = p_kind and nudge.nudged_at > v_held_since and nudge.user_id = v_user
          )
      ) into v_places_of_user;
    end if;
    if v_places_of_user > 0 then
      v_users := v_users || v_user;
      v_shares := v_shares || v_places_of_user;
    end if;
  end loop;
  if v_users = '{}' then
    return '{}';
  end if;

  -- One each, then a second each, and so on. What somebody has locked is just being claimed, moved or deleted.
  with chosen as materialized (
    select candidate.id, candidate.round, waiting.position
    from unnest(v_users, v_shares) with ordinality as waiting (user_id, share, position)
    cross join lateral (
      select first.id, pg_catalog.row_number() over (order by first.next_attempt_at, first.created_at, first.id) as round
      from (
        select job.id, job.next_attempt_at, job.created_at
        from public.jobs as job
        where job.kind = p_kind
          and job.user_id = waiting.user_id
          and job.status = 'queued'
          and job.next_attempt_at <= v_now
          and not exists (
            select
            from private.job_nudges as nudge
            where nudge.job_id = job.id and nudge.nudged_at > v_asked_since and nudge.nudged_at >= job.next_attempt_at
          )
        order by job.next_attempt_at, job.created_at, job.id
        -- Enough for everybody's fair share and for what the others leave, without reading long queues for each.
        limit least(waiting.share, 1 + 4 * v_places / pg_catalog.cardinality(v_users))
      ) as first
    ) as candidate
    order by candidate.round, waiting.position
    limit v_places
  ),
  available as (
    select job.id, job.user_id
    from public.jobs as job
    where job.id in (select chosen.id from chosen)
      and job.status = 'queued'
    for no key update of job skip locked
  )
  select
    pg_catalog.array_agg(available.id order by chosen.round, chosen.position),
    (pg_catalog.array_agg(available.user_id order by chosen.round desc, chosen.position desc))[1]
  into v_chosen, v_user
  from available
  join chosen on chosen.id = available.id;

  if v_chosen is null then
    return '{}';
  end if;
  insert into private.job_turns as turn (kind, user_id)
  values (p_kind, v_user)
  on conflict (kind) do update set user_id = excluded.user_id where turn.user_id <> excluded.user_id;
  return v_chosen;
end;
$$;
comment on function private.next_jobs(text) is
  'Whose turn it is: due jobs for the free places of a kind, at most 500, round the users who wait; remembers the last one. For whoever holds the lock of the kind.';
revoke execute on function private.next_jobs(text) from public, anon, authenticated;

create function private.dispatch_jobs(p_kinds text[], p_wait boolean default true)
returns uuid[]
language plpgsql
volatile
-- Definer: turns and nudges are closed to API roles.
security definer
set search_path = ''
as $$
declare
  v_kind text;
  v_chosen uuid[];
  v_nudged uuid[] := '{}';
begin
  -- In order, so that nobody waits in a circle.
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
  -- The change that freed a place must not fail with what follows from it: the sweeper will try again.
  when others then
    raise warning 'dispatch of % failed: % (%)', p_kinds, sqlerrm, sqlstate;
    return '{}';
end;
$$;
comment on function private.dispatch_jobs(text[], boolean) is
  'Nudges for due jobs of these kinds as far as there are places. Waits for a locked kind, or leaves it out. Returns the jobs; failures are warnings.';
revoke execute on function private.dispatch_jobs(text[], boolean) from public, anon, authenticated;

create function private.tg_dispatch_requests__dispatch()
returns trigger
language plpgsql
volatile
-- Definer: whoever changed a job need not be able to dispatch.
security definer
set search_path = ''
as $$
declare
  v_kinds text[];
begin
  -- The first of a transaction does it for all.
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
comment on function private.tg_dispatch_requests__dispatch() is 'Dispatches what the transaction asked for, at its commit.';
revoke execute on function private.tg_dispatch_requests__dispatch() from public, anon, authenticated;

create constraint trigger tg_dispatch_requests__dispatch
after insert on private.dispatch_requests
deferrable initially deferred
for each row execute function private.tg_dispatch_requests__dispatch();

create or replace function private.tg_jobs__dispatch_insert()
returns trigger
language plpgsql
volatile
-- Definer: whoever may insert a job need not be able to dispatch.
security definer
set search_path = ''
as $$
begin
  insert into private.dispatch_requests (xid, kind)
  select distinct pg_catalog.pg_current_xact_id(), job.kind
  from new_jobs as job
  where job.status = 'queued' and job.next_attempt_at <= pg_catalog.clock_timestamp()
  on conflict do nothing;
  return null;
end;
$$;
comment on function private.tg_jobs__dispatch_insert() is 'Has new jobs dispatched that are due.';

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
  v_handed_over uuid[];
begin
  select
    pg_catalog.array_agg(distinct job.kind) filter (
      where (before.status = 'processing' and job.status <> 'processing')
      or (
        job.status = 'queued'
        and job.next_attempt_at <= pg_catalog.clock_timestamp()
        and (before.status, before.next_attempt_at) is distinct from (job.status, job.next_attempt_at)
      )
    ),
    pg_catalog.array_agg(job.id) filter (where job.handed_over_at is not null and before.handed_over_at is null)
  into v_kinds, v_handed_over
  from new_jobs as job
  join old_jobs as before on before.id = job.id;

  if v_kinds is not null then
    insert into private.dispatch_requests (xid, kind)
    select pg_catalog.pg_current_xact_id(), kind from unnest(v_kinds) as kind
    on conflict do nothing;
  end if;
  -- A next step has its place already.
  if v_handed_over is not null then
    perform private.nudge_jobs(v_handed_over);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__dispatch_update() is
  'Has jobs dispatched that became queued and due, or for which others made room; nudges for next steps.';

create function private.tg_jobs__dispatch_delete()
returns trigger
language plpgsql
volatile
-- Definer: whoever may delete a job need not be able to dispatch.
security definer
set search_path = ''
as $$
begin
  insert into private.dispatch_requests (xid, kind)
  select distinct pg_catalog.pg_current_xact_id(), job.kind
  from old_jobs as job
  where job.status = 'processing'
  on conflict do nothing;
  return null;
end;
$$;
comment on function private.tg_jobs__dispatch_delete() is 'Has jobs dispatched for which deleted ones made room.';
revoke execute on function private.tg_jobs__dispatch_delete() from public, anon, authenticated;

create trigger tg_jobs__dispatch_delete
after delete on public.jobs
referencing old table as old_jobs
for each statement execute function private.tg_jobs__dispatch_delete();

create function private.take_place(p_job_id uuid, p_kind text, p_user_id uuid)
returns boolean
language plpgsql
volatile
-- Definer: heads and nudges are closed to API roles; claim_job is for workers alone.
security definer
set search_path = ''
as $$
declare
  v_limits private.job_kinds;
begin
  -- Its nudge has had its effect, whatever comes of it.
  delete from private.job_nudges as nudge where nudge.job_id = p_job_id;
  select kind.* into strict v_limits from private.job_kinds as kind where kind.kind = p_kind;
  if v_limits.max_concurrent is null and v_limits.max_concurrent_per_user is null then
    return true;
  end if;

  -- The message of the start takes the head: wait for it now, not with the kind in hand.
  insert into private.notification_heads (user_id) values (p_user_id) on conflict (user_id) do nothing;
  perform from private.notification_heads as head where head.user_id = p_user_id for no key update;
  perform pg_catalog.pg_advisory_xact_lock(private.kind_lock(p_kind));

  -- A statement of its own, so that it sees what the lock was waited for.
  return (
    v_limits.max_concurrent is null
    or (
      select pg_catalog.count(*) from public.jobs as job where job.kind = p_kind and job.status = 'processing'
    ) < v_limits.max_concurrent
  ) and (
    v_limits.max_concurrent_per_user is null
    or (
      select pg_catalog.count(*)
      from public.jobs as job
      where job.kind = p_kind and job.user_id = p_user_id and job.status = 'processing'
    ) < v_limits.max_concurrent_per_user
  );
end;
$$;
comment on function private.take_place(uuid, text, uuid) is
  'Whether the limits of a kind have room for one more job of a user. It stays so until the end of the transaction, which holds the kind.';
revoke execute on function private.take_place(uuid, text, uuid) from public, anon, authenticated;
grant execute on function private.take_place(uuid, text, uuid) to service_role;

drop function public.claim_job(uuid);

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

create or replace function public.sweep_jobs()
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
  v_kinds text[];
  v_expired uuid[];
  v_waiting uuid[];
  v_nudged uuid[];
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

  -- A kind that is locked is left to whoever is at it: what ends here makes room, which is dispatched below.
  select pg_catalog.array_agg(free.kind)
  into v_kinds
  from (
    select kind.kind from private.job_kinds as kind order by kind.kind
  ) as free
  where pg_catalog.pg_try_advisory_xact_lock(private.kind_lock(free.kind));

  -- Locked rows are skipped. A head's: its user is in a long transaction, for which the sweep would hold up all
  -- others. A job's: its worker is just reporting, so it is alive.
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
    where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now() and job.kind = any (v_kinds)
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
      -- It has waited for its lease already. Not now(): what it was nudged for is of before.
      next_attempt_at = pg_catalog.clock_timestamp(),
      lease_token = null,
      error_code = 'lease_expired',
      error = 'The work did not finish in time.'
    from expired
    where job.id = expired.id
    returning job.id
  )
  select pg_catalog.array_agg(ended.id) into v_expired from ended;

  -- Steps whose nudge had no effect.
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
  'Requeues or ends jobs whose lease expired and nudges for due ones, within the limits, that no recent nudge was sent for. Waits for nobody. Returns how many jobs it acted upon.';
