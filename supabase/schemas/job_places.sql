-- Places: how many jobs of a kind are processing at once, in total and of one user, and whose turn it is when a place becomes
-- free.
--
--   a job becomes due  ──┐                          at the commit, with the kind locked
--   a place is free    ──┴▶ dispatch_requests ─▶ dispatch_jobs ─▶ next_jobs ─▶ nudge_jobs ─▶ Edge Function
--                                                                                               │
--                        claim_job: takes a place, or gets no row and the job stays queued ◀────┘
--
-- Only claim_job enforces the limits. Nudging for as many jobs as there are places just avoids claims that get nothing. A
-- nudge keeps its place free for nudge_hold(), so that two free places are not offered to three jobs.
--
-- Turns. Free places go round the waiting users, one each, starting after the user who got the last place. A user's single
-- job waits for one turn, however many jobs another user has.
--
-- Locks. An advisory lock per kind is held by claim_job, from counting the places to the end of its transaction, and by
-- dispatch, from choosing jobs to the end of its transaction. Dispatch runs at the commit, so a long transaction holds a
-- kind for its last moment only. The order is: rows of jobs, heads, incidents, kinds by name. A transaction with a kind's
-- lock never waits for a row or a head. No wake-up is lost: the transaction that gets the lock second sees the place that
-- the first one freed and the job that it added. The sweeper skips a locked kind, because another transaction is
-- dispatching it.

create table private.job_nudges (
  job_id uuid primary key references public.jobs (id) on delete cascade,
  kind text not null,
  user_id uuid not null,
  nudged_at timestamptz not null
);
comment on table private.job_nudges is
  'Nudges of jobs that have not been claimed since: when the Edge Function was called. Such a job keeps a place free for a moment, and is not nudged for again at once.';
comment on column private.job_nudges.kind is 'Kind of the job, for counting places.';
comment on column private.job_nudges.user_id is 'User of the job, for counting places.';
create index job_nudges_places_idx on private.job_nudges (kind, nudged_at);
alter table private.job_nudges enable row level security;
revoke all on table private.job_nudges from public, anon, authenticated, service_role;

create table private.job_turns (
  kind text primary key references private.job_kinds (kind) on delete cascade,
  user_id uuid not null
);
comment on table private.job_turns is 'The user who got the last free place of a kind. The next place goes to the waiting user after that id.';
comment on column private.job_turns.user_id is 'No foreign key: only the order of ids counts, and the user may have been deleted.';
alter table private.job_turns enable row level security;
revoke all on table private.job_turns from public, anon, authenticated, service_role;

create function private.kind_lock(p_kind text) returns bigint
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  return pg_catalog.hashtextextended('private.job_kinds ' || p_kind, 0);
end;
$$;
comment on function private.kind_lock(text) is 'Key of the advisory lock of a kind of jobs.';
revoke execute on function private.kind_lock(text) from public, anon, authenticated;

create function private.take_place(p_job_id uuid, p_kind text, p_user_id uuid) returns boolean
language plpgsql volatile
-- Definer: heads and nudges are closed to API roles. Only claim_job calls it, for workers.
security definer set search_path = ''
as $$
declare
  v_limits private.job_kinds;
begin
  -- The nudge has led to this claim, so it no longer keeps a place free.
  delete from private.job_nudges as nudge where nudge.job_id = p_job_id;
  select kind.* into strict v_limits from private.job_kinds as kind where kind.kind = p_kind;
  if not private.is_limited(v_limits) then
    return true;
  end if;

  -- The message about the claim will lock the head, which comes before the kind in the order of locks.
  perform private.lock_head(p_user_id);
  perform pg_catalog.pg_advisory_xact_lock(private.kind_lock(p_kind));

  -- A statement after the lock, so that its snapshot has what the last holder of the lock has committed.
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
  'Whether the limits of a kind leave a place for one more job of a user. Locks the kind until the end of the transaction, so the answer stays right.';
revoke execute on function private.take_place(uuid, text, uuid) from public, anon, authenticated;
grant execute on function private.take_place(uuid, text, uuid) to service_role;

create function private.next_jobs(p_kind text) returns uuid[]
language plpgsql volatile security invoker set search_path = ''
-- Every query is to read an index in its order and stop early. With outdated statistics, such as those of an empty table of
-- nudges, plans that read whole queues would look cheap.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now constant timestamptz := pg_catalog.clock_timestamp();
  v_held_since constant timestamptz := v_now - private.nudge_hold();
  v_asked_since constant timestamptz := v_now - private.nudge_patience();
  v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
  v_limits private.job_kinds;
  v_places integer := private.max_nudges();
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

  -- Once round the waiting users, starting after the user who got the last place, until all places are given.
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

  -- One job of each user, then a second of each, and so on. A locked job is being claimed, moved or deleted: it is skipped.
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
        -- Enough for a fair share and for places that other users leave, without reading a long queue for each user.
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
  'Due jobs for the free places of a kind, one of each waiting user in turn, at most max_nudges(). Remembers the user of the last one. The caller holds the lock of the kind.';
revoke execute on function private.next_jobs(text) from public, anon, authenticated;
