-- The heart: a change of a job becomes a durable notification and a broadcast, in the transaction of the change.
--
--   insert / update of jobs                              (any statement, by any function or plain SQL)
--     └▶ tg_jobs__notify_insert / _update                once per statement, over its transition tables
--          └▶ private.job_message                        the message of one change
--          └▶ private.publish                            heads in user order ▸ notifications ▸ realtime.send
--
-- Durable messages are the status changes that have a type of their own in private.job_kinds. Everything else that
-- people may want to watch (progress, stage, retries) is volatile: broadcast only, without a number.
--
-- Locks: publish takes the heads of all users of a statement in user_id order, so statements that touch the same
-- users cannot wait for each other in a circle. A transaction with several such statements can still meet another
-- that touches the same users in the opposite order; PostgreSQL then aborts one of them (40P01) and nothing is lost.
-- Every function of ours touches the jobs of one statement only.
--
-- realtime.send turns its errors into warnings, and Realtime may drop a broadcast. Neither loses a notification: the
-- row is there, and the next number tells the client that it missed one.

create type private.outgoing_message as (
  user_id uuid,
  job_id uuid,
  durable boolean,
  body jsonb
);
comment on type private.outgoing_message is
  'A message on its way to one user. Durable ones get seq and epoch, which body does not have yet.';

create function private.pack_next(p_state integer[], p_bytes integer)
returns integer[]
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- State: number of the batch, messages in it, bytes in it. 200 KB less the envelope around the messages.
  select case
    when p_state[2] < 100 and p_state[3] + p_bytes <= 199000
    then array[p_state[1], p_state[2] + 1, p_state[3] + p_bytes]
    else array[p_state[1] + 1, 1, p_bytes]
  end;
$$;
comment on function private.pack_next(integer[], integer) is 'Step of private.batch_number.';
revoke execute on function private.pack_next(integer[], integer) from public, anon, authenticated;

create function private.pack_number(p_state integer[])
returns integer
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select p_state[1];
$$;
comment on function private.pack_number(integer[]) is 'Result of private.batch_number.';
revoke execute on function private.pack_number(integer[]) from public, anon, authenticated;

create aggregate private.batch_number(integer) (
  sfunc = private.pack_next,
  stype = integer[],
  finalfunc = private.pack_number,
  initcond = '{0,0,0}'
);
comment on aggregate private.batch_number(integer) is
  'As a window function over the sizes of messages in order: the batch each goes into, so that none holds more than 100 messages or 200 KB.';
revoke execute on function private.batch_number(integer) from public, anon, authenticated;

create function private.iso_timestamp(p_at timestamptz)
returns text
language sql
stable
parallel safe
security invoker
set search_path = ''
as $$
  select pg_catalog.to_char(p_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;
comment on function private.iso_timestamp(timestamptz) is 'ISO 8601 in UTC with milliseconds, as messages carry it.';
revoke execute on function private.iso_timestamp(timestamptz) from public, anon, authenticated;

create function private.job_message(
  p_job public.jobs,
  p_kind private.job_kinds,
  p_type text,
  p_at timestamptz
)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select
    -- From the general to the particular: what comes later wins.
    (p_kind).message_defaults
    || coalesce(
      (
        select pg_catalog.jsonb_object_agg(entry.key, entry.value)
        from pg_catalog.jsonb_each((p_job).input) as entry
        where entry.key = any ((p_kind).input_keys)
      ),
      '{}'
    )
    || case
      when (p_job).status = 'completed' and (p_job).result is not null then coalesce(
        (
          select pg_catalog.jsonb_object_agg(entry.key, entry.value)
          from pg_catalog.jsonb_each((p_job).result) as entry
          where entry.key = any ((p_kind).result_keys)
        ),
        '{}'
      )
      else '{}'
    end
    || pg_catalog.jsonb_strip_nulls(
      pg_catalog.jsonb_build_object(
        'queueId', (p_job).queue_id,
        'progress', case when p_type = (p_kind).progress_type then (p_job).progress end,
        'stage', case when p_type = (p_kind).progress_type then (p_job).stage end,
        'processingDuration', (p_job).processing_duration_ms,
        'error', case when (p_job).status = 'failed' then (p_job).error end,
        'errorCode', case when (p_job).status = 'failed' then (p_job).error_code end
      )
    )
    || pg_catalog.jsonb_build_object(
      'type', p_type,
      'status', case (p_job).status
        when 'queued' then (p_kind).queued_status
        when 'processing' then (p_kind).started_status
        when 'completed' then (p_kind).completed_status
        else (p_kind).failed_status
      end,
      (p_kind).subject_key, (p_job).subject_id,
      'jobId', (p_job).id,
      'incidentId', (p_job).incident_id,
      'timestamp', private.iso_timestamp(p_at)
    );
$$;
comment on function private.job_message(public.jobs, private.job_kinds, text, timestamptz) is
  'The message that tells of a job''s present state; shapes in functions-shared/message-types.ts.';
revoke execute on function private.job_message(public.jobs, private.job_kinds, text, timestamptz)
from public, anon, authenticated;

create function private.publish(p_messages private.outgoing_message[], p_at timestamptz)
returns integer
language plpgsql
volatile
-- Definer: heads and notifications are closed to every API role, and stay so; only triggers call this.
security definer
set search_path = ''
-- The plan is kept from calls with one message, where a nested loop looks best; with thousands it would never end.
set enable_nestloop = off
as $$
declare
  v_broadcasts integer;
begin
  with message as (
    select item.user_id, item.job_id, item.durable, item.body, item.position
    from unnest(p_messages) with ordinality as item (user_id, job_id, durable, body, position)
  ),
  head as (
    -- One upsert, fed in user_id order: it locks each head in that order as it goes.
    insert into private.notification_heads as head (user_id, seq)
    select message.user_id, pg_catalog.count(*)
    from message
    where message.durable
    group by message.user_id
    order by message.user_id
    on conflict (user_id) do update set seq = head.seq + excluded.seq
    returning head.user_id, head.epoch, head.seq
  ),
  ranked as (
    select
      message.*,
      pg_catalog.row_number() over (partition by message.user_id order by message.position desc) - 1 as following
    from message
    where message.durable
  ),
  numbered as (
    -- The last message of the statement has the number that the head has now.
    select
      ranked.user_id,
      ranked.job_id,
      ranked.position,
      head.epoch,
      head.seq - ranked.following as seq,
      ranked.body
        || pg_catalog.jsonb_build_object('seq', head.seq - ranked.following, 'epoch', head.epoch) as payload
    from ranked
    join head on head.user_id = ranked.user_id
  ),
  stored as (
    insert into public.notifications (user_id, seq, epoch, type, payload, job_id, created_at)
    select
      numbered.user_id, numbered.seq, numbered.epoch, numbered.payload ->> 'type', numbered.payload, numbered.job_id, p_at
    from numbered
    order by numbered.user_id, numbered.seq
  ),
  outgoing as (
    select numbered.user_id, numbered.position, numbered.payload from numbered
    union all
    select message.user_id, message.position, message.body from message where not message.durable
  ),
  packed as (
    select
      outgoing.*,
      private.batch_number(pg_catalog.octet_length(outgoing.payload::text) + 2)
        over (partition by outgoing.user_id order by outgoing.position) as batch
    from outgoing
  ),
  broadcast as (
    select
      packed.user_id,
      case pg_catalog.count(*)
        when 1 then pg_catalog.jsonb_agg(packed.payload) -> 0
        else pg_catalog.jsonb_build_object(
          'type', 'batch_update',
          'messages', pg_catalog.jsonb_agg(packed.payload order by packed.position),
          'timestamp', private.iso_timestamp(p_at)
        )
      end as payload
    from packed
    group by packed.user_id, packed.batch
    order by packed.user_id, packed.batch
  )
  select pg_catalog.count(
    realtime.send(broadcast.payload, broadcast.payload ->> 'type', 'user:' || broadcast.user_id, true)
  )
  into v_broadcasts
  from broadcast;
  return v_broadcasts;
end;
$$;
comment on function private.publish(private.outgoing_message[], timestamptz) is
  'Numbers and stores the durable ones of the messages and broadcasts all, in the order given: alone to a user who gets one, else in batch_update messages. Returns the broadcasts sent.';
revoke execute on function private.publish(private.outgoing_message[], timestamptz) from public, anon, authenticated;

create function private.tg_jobs__notify_insert()
returns trigger
language plpgsql
volatile
-- Definer: whoever may insert a job need not be able to publish.
security definer
set search_path = ''
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_messages private.outgoing_message[];
begin
  select pg_catalog.array_agg(
    row(
      job.user_id,
      job.id,
      true,
      private.job_message(job::public.jobs, mapping, mapping.queued_type, v_at)
    )::private.outgoing_message
    order by job.created_at, job.id
  )
  into v_messages
  from new_jobs as job
  join private.job_kinds as mapping on mapping.kind = job.kind
  where mapping.queued_type is not null;

  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__notify_insert() is 'Tells of new jobs whose kind has a message for that.';
revoke execute on function private.tg_jobs__notify_insert() from public, anon, authenticated;

create trigger tg_jobs__notify_insert
after insert on public.jobs
referencing new table as new_jobs
for each statement execute function private.tg_jobs__notify_insert();

create function private.tg_jobs__notify_update()
returns trigger
language plpgsql
volatile
-- Definer: whoever may update a job need not be able to publish.
security definer
set search_path = ''
-- Without it, the plan kept from single updates pairs the two transition tables row by row: hours for 10,000 rows.
set enable_nestloop = off
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_messages private.outgoing_message[];
begin
  select pg_catalog.array_agg(
    row(
      job.user_id,
      job.id,
      change.durable_type is not null,
      private.job_message(job::public.jobs, mapping, coalesce(change.durable_type, mapping.progress_type), v_at)
    )::private.outgoing_message
    order by job.created_at, job.id
  )
  into v_messages
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  join private.job_kinds as mapping on mapping.kind = job.kind
  cross join lateral (
    select case
      when job.status = before.status then null
      -- A job that goes back to the queue by itself is still in the works for its user.
      when job.status = 'queued' then case when before.status = 'failed' then mapping.queued_type end
      when job.status = 'processing' then case when job.attempts <= 1 then mapping.started_type end
      when job.status = 'completed' then mapping.completed_type
      else mapping.failed_type
    end as durable_type
  ) as change
  where (job.status, job.progress, job.stage) is distinct from (before.status, before.progress, before.stage)
    and coalesce(change.durable_type, mapping.progress_type) is not null;

  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__notify_update() is
  'Tells of changed jobs: durably of the moves that have a message, else by a volatile progress message.';
revoke execute on function private.tg_jobs__notify_update() from public, anon, authenticated;

create trigger tg_jobs__notify_update
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__notify_update();
