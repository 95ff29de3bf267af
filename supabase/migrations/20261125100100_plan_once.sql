-- A status change mostly is one change of one job, and half of its cost was planning: the body of a function in SQL that
-- cannot be inlined is planned with every statement that calls it, one in PL/pgSQL once in a session. And one message
-- needs neither ranks nor batches.

create or replace function private.iso_timestamp(p_at timestamptz)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return pg_catalog.to_char(p_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end;
$$;

create or replace function private.is_limited(p_kind private.job_kinds)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return p_kind.max_concurrent is not null or p_kind.max_concurrent_per_user is not null;
end;
$$;

create function private.pick(p_fields jsonb, p_keys text[])
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
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
  'Those of the fields that have one of the keys.';
revoke execute on function private.pick(jsonb, text[]) from public, anon, authenticated;

create or replace function private.job_message(
  p_job public.jobs,
  p_kind private.job_kinds,
  p_type text,
  p_at timestamptz
)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_progresses constant boolean := p_type = p_kind.progress_type;
  v_failed constant boolean := p_job.status = 'failed';
  v_result constant jsonb := case when p_job.finished_at is not null then p_job.result end;
begin
  -- From the general to the particular: what comes later wins.
  return p_kind.message_defaults
    || private.pick(p_job.input, p_kind.input_keys)
    || case
      when v_result is not null then private.pick(v_result, p_kind.result_keys)
      when v_progresses then coalesce(p_job.partial, '{}')
      else '{}'
    end
    || pg_catalog.jsonb_strip_nulls(
      pg_catalog.jsonb_build_object(
        'queueId', p_job.queue_id,
        'progress', case when v_progresses then p_job.progress end,
        'stage', case when v_progresses then p_job.stage end,
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
        -- A failure that nobody found a word for is called one, whatever was said before.
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

create function private.publish_one(p_message private.outgoing_message, p_at timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_payload jsonb := p_message.body;
  v_head private.notification_heads;
begin
  if p_message.durable then
    insert into private.notification_heads as head (user_id, seq)
    values (p_message.user_id, 1)
    on conflict (user_id) do update set seq = head.seq + 1
    returning head.* into v_head;
    v_payload := v_payload || pg_catalog.jsonb_build_object('seq', v_head.seq, 'epoch', v_head.epoch);
    insert into public.notifications (user_id, seq, epoch, type, payload, job_id, created_at)
    values (
      p_message.user_id, v_head.seq, v_head.epoch, v_payload ->> 'type', v_payload, p_message.job_id, p_at
    );
  end if;
  perform private.broadcast('user:' || p_message.user_id, v_payload);
  if p_message.queue_id is null then
    return 1;
  end if;
  -- The body as it came: without the user's numbers.
  perform private.broadcast('queue:' || p_message.queue_id, p_message.body);
  return 2;
end;
$$;
comment on function private.publish_one(private.outgoing_message, timestamptz) is
  'What publish_many does, for one message.';
revoke execute on function private.publish_one(private.outgoing_message, timestamptz) from public, anon, authenticated;

alter function private.publish(private.outgoing_message[], timestamptz) rename to publish_many;

create function private.publish(p_messages private.outgoing_message[], p_at timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if pg_catalog.cardinality(p_messages) = 1 then
    return private.publish_one(p_messages[1], p_at);
  end if;
  return private.publish_many(p_messages, p_at);
end;
$$;
comment on function private.publish(private.outgoing_message[], timestamptz) is
  'Numbers and stores the durable ones of the messages and broadcasts all. Returns the broadcasts sent.';
revoke execute on function private.publish(private.outgoing_message[], timestamptz) from public, anon, authenticated;
