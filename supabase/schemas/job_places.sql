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

create table private.job_nudges (
  job_id uuid primary key references public.jobs (id) on delete cascade,
  kind text not null,
  user_id uuid not null,
  nudged_at timestamptz not null
);
comment on table private.job_nudges is
  'When a function was last nudged for a job that was not claimed since: the sweeper does not nudge for what was just sent, and a nudge holds a place for a moment.';
comment on column private.job_nudges.kind is 'Of the job, for counting.';
comment on column private.job_nudges.user_id is 'Of the job, for counting.';
create index job_nudges_places_idx on private.job_nudges (kind, nudged_at);
alter table private.job_nudges enable row level security;
revoke all on table private.job_nudges from public, anon, authenticated, service_role;

create table private.job_turns (
  kind text primary key references private.job_kinds (kind) on delete cascade,
  user_id uuid not null
);
comment on table private.job_turns is 'Which user had the last free place of a kind; the next is for the one after.';
comment on column private.job_turns.user_id is 'A place in the order of ids; the user may be gone.';
alter table private.job_turns enable row level security;
revoke all on table private.job_turns from public, anon, authenticated, service_role;

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
