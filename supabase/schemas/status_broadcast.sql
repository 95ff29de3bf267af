-- From a change of a job to its message, in the transaction of the change. This is the heart of the product.
--
--   insert or update of jobs                             any statement, of a function or plain SQL
--     └▶ tg_jobs__notify_insert / _update                once per statement, over its transition tables
--          ├▶ private.job_message                        the message about one job
--          └▶ private.publish                            to the user, the incident's followers and the queue
--
-- A change of status whose message type stands in private.job_kinds gives a durable message, with a number. Progress, stage
-- and retries give a volatile message: it is broadcast and not stored.
--
-- The job's user gets all of them. The followers of the job's incident get the end as a notification of their own, and
-- everything else as a broadcast, which keeps their lists current.
--
-- `revision` puts the messages of one job in order. It is in every message and in the job's row, so a page that has read
-- the row ignores messages with the same revision or a lower one.

create function private.pick(p_fields jsonb, p_keys text[]) returns jsonb
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
declare
  v_picked jsonb := '{}';
  v_key text;
begin
  if p_fields is null or p_fields = '{}' or p_keys = '{}' then
    return v_picked;
  end if;
  foreach v_key in array p_keys loop
    if p_fields ? v_key then
      v_picked := v_picked || pg_catalog.jsonb_build_object(v_key, p_fields -> v_key);
    end if;
  end loop;
  return v_picked;
end;
$$;
comment on function private.pick(jsonb, text[]) is
  'The fields whose names are among the keys.';
revoke execute on function private.pick(jsonb, text[]) from public, anon, authenticated;

create function private.job_message(
  p_job public.jobs,
  p_kind private.job_kinds,
  p_type text,
  p_at timestamptz
) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_is_progress constant boolean := p_type = p_kind.progress_type;
  v_failed constant boolean := p_job.status = 'failed';
  v_result constant jsonb := case when p_job.finished_at is not null then p_job.result end;
begin
  -- Of two fields with the same name, the later one wins: from the kind to the job.
  return p_kind.message_defaults
    || private.pick(p_job.input, p_kind.input_keys)
    || case
      when v_result is not null then private.pick(v_result, p_kind.result_keys)
      when v_is_progress then coalesce(p_job.partial, '{}')
      else '{}'
    end
    || pg_catalog.jsonb_strip_nulls(
      pg_catalog.jsonb_build_object(
        'queueId', p_job.queue_id,
        'progress', case when v_is_progress then p_job.progress end,
        'stage', case when v_is_progress then p_job.stage end,
        'state', case when 'status' = any (p_kind.input_keys) then p_job.status end,
        'processingDuration', p_job.processing_duration_ms,
        'error', case when v_failed then p_job.error end,
        'errorCode', case when v_failed then p_job.error_code end
      )
    )
    || pg_catalog.jsonb_build_object(
      'type', p_type,
      'status', coalesce(
        case when 'status' = any (p_kind.result_keys) then v_result ->> 'status' end,
        -- The input's word described the work before it failed.
        case when not v_failed and 'status' = any (p_kind.input_keys) then p_job.input ->> 'status' end,
        case p_job.status
          when 'queued' then p_kind.queued_status
          when 'processing' then p_kind.started_status
          when 'completed' then p_kind.completed_status
          else p_kind.failed_status
        end
      ),
      p_kind.subject_key, p_job.subject_id,
      'jobId', p_job.id,
      'incidentId', p_job.incident_id,
      'revision', p_job.revision,
      'timestamp', private.iso_timestamp(p_at)
    );
end;
$$;
comment on function private.job_message(public.jobs, private.job_kinds, text, timestamptz) is
  'The message about the current state of a job. docs/messages.md lists the messages.';
revoke execute on function private.job_message(public.jobs, private.job_kinds, text, timestamptz)
from public, anon, authenticated;

create function private.news_kind(p_kind text, p_status public.job_status) returns text
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  return case
    when p_status = 'failed' then 'work_failed'
    when p_status <> 'completed' then 'work_started'
    when p_kind = 'pdf' then 'report'
    else 'work_done'
  end;
end;
$$;
comment on function private.news_kind(text, public.job_status) is
  'The kind of notification_preferences that messages about a job of this kind and status belong to.';
revoke execute on function private.news_kind(text, public.job_status) from public, anon, authenticated;

create function private.tg_jobs__notify_insert() returns trigger
language plpgsql volatile
-- Definer: a role that may insert jobs need not be able to publish.
security definer set search_path = ''
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
      private.job_message(job::public.jobs, mapping, message.type, v_at),
      job.queue_id,
      job.incident_id,
      private.news_kind(job.kind, job.status),
      case when job.status in ('completed', 'failed') then 'told' else 'shown' end,
      null,
      null
    )::private.outgoing_message
    order by job.created_at, job.id
  )
  into v_messages
  from new_jobs as job
  join private.job_kinds as mapping on mapping.kind = job.kind
  cross join lateral (
    select case job.status
      when 'queued' then mapping.queued_type
      when 'processing' then mapping.started_type
      when 'completed' then mapping.completed_type
      else mapping.failed_type
    end as type
  ) as message
  where message.type is not null;

  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__notify_insert() is 'Publishes the messages about new jobs: the one of the kind for the status that the job arrives in.';
revoke execute on function private.tg_jobs__notify_insert() from public, anon, authenticated;

create trigger tg_jobs__notify_insert
after insert on public.jobs
referencing new table as new_jobs
for each statement execute function private.tg_jobs__notify_insert();

create function private.tg_jobs__notify_update() returns trigger
language plpgsql volatile
-- Definer: a role that may update jobs need not be able to publish.
security definer set search_path = ''
-- PL/pgSQL keeps the plan of updates of one row, which would join the transition tables by a nested loop: hours for 10,000
-- rows.
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
      job.queue_id,
      job.incident_id,
      private.news_kind(job.kind, job.status),
      case when job.status in ('completed', 'failed') and change.durable_type is not null then 'told' else 'shown' end,
      null,
      null
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
      -- A retry is not news: for the user, the work goes on.
      when job.status = 'queued' then case when before.status = 'failed' then mapping.queued_type end
      when job.status = 'processing' then case when job.attempts <= 1 then mapping.started_type end
      when job.status = 'completed' then mapping.completed_type
      else mapping.failed_type
    end as durable_type
  ) as change
  where (job.status, job.progress, job.stage, job.partial)
      is distinct from (before.status, before.progress, before.stage, before.partial)
    and coalesce(change.durable_type, mapping.progress_type) is not null;

  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__notify_update() is
  'Publishes the messages about changed jobs: the durable one of the move, if the kind has one, else the volatile progress message.';
revoke execute on function private.tg_jobs__notify_update() from public, anon, authenticated;

create trigger tg_jobs__notify_update
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__notify_update();
