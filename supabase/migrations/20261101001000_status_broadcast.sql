-- The heart: a change of a job becomes a durable notification and a broadcast, in the transaction of the change.
--
--   insert / update of jobs                              (any statement, by any function or plain SQL)
--     └▶ tg_jobs__notify_insert / _update                once per statement, over its transition tables
--          └▶ private.job_message                        the message of one change
--          └▶ private.publish                            to the user and to the followers of the queue
--
-- Durable messages are the status changes that have a type of their own in private.job_kinds. Everything else that
-- people may want to watch (progress, stage, retries) is volatile: broadcast only, without a number.
--
-- What orders the messages of a job for everybody is `revision`. It is in every message and in the job's row, so a
-- follower who has read the row knows which messages are news, and one who missed some sees the same state as one who
-- did not.

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
      'revision', (p_job).revision,
      'timestamp', private.iso_timestamp(p_at)
    );
$$;
comment on function private.job_message(public.jobs, private.job_kinds, text, timestamptz) is
  'The message that tells of a job''s present state; shapes in functions-shared/message-types.ts.';
revoke execute on function private.job_message(public.jobs, private.job_kinds, text, timestamptz)
from public, anon, authenticated;

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
comment on function private.tg_jobs__notify_update() is
  'Tells of changed jobs: durably of the moves that have a message, else by a volatile progress message.';
revoke execute on function private.tg_jobs__notify_update() from public, anon, authenticated;

create trigger tg_jobs__notify_update
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__notify_update();
