-- Messages of jobs with a queue_id also go to `queue:<queue_id>`, for whoever follows one task: durable ones and
-- progress alike, in the same transaction, batched like those of the user's topic.
--
-- A follower need not be the job's user, whose numbering is nobody else's business: on a queue's topic messages
-- have no seq and no epoch, and they are no notifications. What orders them is `revision`, which counts the changes of
-- a job that people are told of. It is in every message and in the job's row, so a follower who has read the row knows
-- which messages are news, and one who missed some sees the same state as one who did not.

alter table public.jobs add column revision integer not null default 0;
comment on column public.jobs.revision is
  'Rises by one with every change of status, progress or stage; messages carry it.';

create function private.tg_jobs__revise()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.revision := old.revision
    + ((new.status, new.progress, new.stage) is distinct from (old.status, old.progress, old.stage))::integer;
  return new;
end;
$$;
comment on function private.tg_jobs__revise() is 'Counts the changes that people are told of; nobody else sets the revision.';
revoke execute on function private.tg_jobs__revise() from public, anon, authenticated;

-- By its name the last of the row triggers: it sees what the others made of the row.
create trigger tg_jobs__revise
before update on public.jobs
for each row execute function private.tg_jobs__revise();

alter type private.outgoing_message add attribute queue_id uuid;
comment on type private.outgoing_message is
  'A message on its way to one user and, where it has a queue_id, to that queue. Durable ones get seq and epoch, which body does not have yet.';

create or replace function private.job_message(
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
      'revision', (p_job).revision,
      'timestamp', private.iso_timestamp(p_at)
    );
$$;

create or replace function private.publish(p_messages private.outgoing_message[], p_at timestamptz)
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
    select item.user_id, item.job_id, item.durable, item.body, item.queue_id, item.position
    from unnest(p_messages) with ordinality as item (user_id, job_id, durable, body, queue_id, position)
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
    select 'user:' || numbered.user_id as topic, numbered.position, numbered.payload from numbered
    union all
    select 'user:' || message.user_id, message.position, message.body from message where not message.durable
    union all
    -- The body as it came: without the user's numbers.
    select 'queue:' || message.queue_id, message.position, message.body from message where message.queue_id is not null
  ),
  packed as (
    select
      outgoing.*,
      private.batch_number(pg_catalog.octet_length(outgoing.payload::text) + 2)
        over (partition by outgoing.topic order by outgoing.position) as batch
    from outgoing
  ),
  broadcast as (
    select
      packed.topic,
      case pg_catalog.count(*)
        when 1 then pg_catalog.jsonb_agg(packed.payload) -> 0
        else pg_catalog.jsonb_build_object(
          'type', 'batch_update',
          'messages', pg_catalog.jsonb_agg(packed.payload order by packed.position),
          'timestamp', private.iso_timestamp(p_at)
        )
      end as payload
    from packed
    group by packed.topic, packed.batch
    order by packed.topic, packed.batch
  )
  select pg_catalog.count(
    realtime.send(broadcast.payload, broadcast.payload ->> 'type', broadcast.topic, true)
  )
  into v_broadcasts
  from broadcast;
  return v_broadcasts;
end;
$$;
comment on function private.publish(private.outgoing_message[], timestamptz) is
  'Numbers and stores the durable ones of the messages and broadcasts all, in the order given, to their users and queues: alone on a topic that gets one, else in batch_update messages. Returns the broadcasts sent.';

create or replace function private.tg_jobs__notify_insert()
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
      private.job_message(job::public.jobs, mapping, mapping.queued_type, v_at),
      job.queue_id
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

create or replace function private.tg_jobs__notify_update()
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
      private.job_message(job::public.jobs, mapping, coalesce(change.durable_type, mapping.progress_type), v_at),
      job.queue_id
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
