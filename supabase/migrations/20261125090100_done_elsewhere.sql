-- Work that is done elsewhere: another service does it and tells of it here, so its jobs may arrive under way or ended,
-- and their messages use that service's own word for where things stand. One statement, one message.

alter table private.job_kinds add column done_elsewhere boolean not null default false;
comment on column private.job_kinds.done_elsewhere is
  'Another service does the work and tells of it: jobs may be inserted as processing, completed or failed.';
comment on column private.job_kinds.input_keys is
  'Fields copied from jobs.input into every message. With status among them, the job says its own words for that, and the message has the job''s state as well.';
comment on column private.job_kinds.result_keys is
  'Fields copied from jobs.result into the last message; status as in input_keys.';

create or replace function private.tg_jobs__guard_insert()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_kind private.job_kinds;
begin
  -- An unknown kind is reported by the foreign key, which is checked later than not null.
  select kind.* into v_kind from private.job_kinds as kind where kind.kind = new.kind;
  new.max_attempts := coalesce(new.max_attempts, v_kind.max_attempts, 1);
  if new.status = 'queued' then
    return new;
  end if;

  if not coalesce(v_kind.done_elsewhere, false) then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('A new job is queued, not %s.', new.status);
  end if;
  new.started_at := pg_catalog.clock_timestamp();
  if new.status = 'processing' then
    new.attempts := 1;
    new.lease_token := coalesce(new.lease_token, pg_catalog.gen_random_uuid());
    new.lease_expires_at := coalesce(
      new.lease_expires_at, new.started_at + pg_catalog.make_interval(secs => v_kind.lease_seconds)
    );
  else
    new.finished_at := new.started_at;
    new.progress := case when new.status = 'completed' then 100 else new.progress end;
    new.error_code := case when new.status = 'failed' then coalesce(new.error_code, 'internal_error') end;
    new.error := case when new.status = 'failed' then new.error end;
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__guard_insert() is
  'A new job is queued, unless its work is done elsewhere, and takes its limits from its kind.';

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
      when (p_job).finished_at is not null and (p_job).result is not null then coalesce(
        (
          select pg_catalog.jsonb_object_agg(entry.key, entry.value)
          from pg_catalog.jsonb_each((p_job).result) as entry
          where entry.key = any ((p_kind).result_keys)
        ),
        '{}'
      )
      when p_type = (p_kind).progress_type then coalesce((p_job).partial, '{}')
      else '{}'
    end
    || pg_catalog.jsonb_strip_nulls(
      pg_catalog.jsonb_build_object(
        'queueId', (p_job).queue_id,
        'progress', case when p_type = (p_kind).progress_type then (p_job).progress end,
        'stage', case when p_type = (p_kind).progress_type then (p_job).stage end,
        'state', case when 'status' = any ((p_kind).input_keys) then (p_job).status end,
        'processingDuration', (p_job).processing_duration_ms,
        'error', case when (p_job).status = 'failed' then (p_job).error end,
        'errorCode', case when (p_job).status = 'failed' then (p_job).error_code end
      )
    )
    || pg_catalog.jsonb_build_object(
      'type', p_type,
      'status', coalesce(
        case
          when (p_job).finished_at is not null and 'status' = any ((p_kind).result_keys)
          then (p_job).result ->> 'status'
        end,
        -- A failure that nobody found a word for is called one, whatever was said before.
        case
          when (p_job).status <> 'failed' and 'status' = any ((p_kind).input_keys) then (p_job).input ->> 'status'
        end,
        case (p_job).status
          when 'queued' then (p_kind).queued_status
          when 'processing' then (p_kind).started_status
          when 'completed' then (p_kind).completed_status
          else (p_kind).failed_status
        end
      ),
      (p_kind).subject_key, (p_job).subject_id,
      'jobId', (p_job).id,
      'incidentId', (p_job).incident_id,
      'revision', (p_job).revision,
      'timestamp', private.iso_timestamp(p_at)
    );
$$;

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
      private.job_message(job::public.jobs, mapping, message.type, v_at),
      job.queue_id
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
comment on function private.tg_jobs__notify_insert() is 'Tells of new jobs whose kind has a message for the state they arrive in.';
