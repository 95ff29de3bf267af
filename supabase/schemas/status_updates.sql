-- Status updates: another service tells a user about its own work, such as a vehicle look-up, by the message `status_update`
-- with words of its own. About work that has ended, or about work that takes a while:
--
--   send_status_update                             ─▶ completed or failed: one notification
--   send_status_update(p_state => 'processing')    ─▶ processing ── advance_status_update ─▶ … ─▶ completed or failed
--                                                        └─ silent for longer than the lease: the sweeper ends it as failed
--
-- Jobs of the kind status that are inserted as queued, for example many at once, are published in turn by the Edge Function
-- status-update.

create table private.status_update_keys (
  key text primary key,
  job_id uuid not null unique references public.jobs (id) on delete cascade,
  fingerprint text not null,
  constraint status_update_keys_key_is_short check (char_length(key) between 1 and 200)
);
comment on table private.status_update_keys is 'Idempotency keys. A request with the key of an earlier one returns the job of that.';
comment on column private.status_update_keys.fingerprint is 'Hash of the request. Another request with the same key is refused.';
alter table private.status_update_keys enable row level security;
revoke all on table private.status_update_keys from public, anon, authenticated, service_role;

create function private.status_update_answer(p_job public.jobs, p_duplicate boolean) returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  select pg_catalog.jsonb_build_object(
    'jobId', (p_job).id,
    'userId', (p_job).user_id,
    'incidentId', (p_job).incident_id,
    'state', (p_job).status,
    'duplicate', p_duplicate
  );
$$;
comment on function private.status_update_answer(public.jobs, boolean) is 'Answer to a service about its status update.';
revoke execute on function private.status_update_answer(public.jobs, boolean) from public, anon, authenticated;
grant execute on function private.status_update_answer(public.jobs, boolean) to service_role;

create function private.require_status_fields(
  p_state public.job_status,
  p_status text,
  p_data jsonb,
  p_error text,
  p_error_code text
) returns void
language plpgsql immutable security invoker set search_path = ''
as $$
begin
  perform private.check_json('data', p_data, 32768);
  perform private.check_size('error', pg_catalog.octet_length(p_error), 65536);
  perform private.check_size('error_code', pg_catalog.octet_length(p_error_code), 256);
  if p_state is null or p_state = 'queued' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'state is processing, completed or failed.';
  end if;
  if p_state <> 'failed' and (p_error is not null or p_error_code is not null) then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'An error belongs to the state failed.';
  end if;
  if pg_catalog.char_length(p_status) not between 1 and 50 then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'status is a word or two of at most 50 characters.';
  end if;
  if p_error_code !~ '^[a-z][a-z0-9_]{0,63}$' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'An error code is lower case words joined by _.';
  end if;
end;
$$;
comment on function private.require_status_fields(public.job_status, text, jsonb, text, text) is
  'Checks the fields that send_status_update and advance_status_update have in common. Null is absent. Errors: invalid_arguments, message_too_large.';
revoke execute on function private.require_status_fields(public.job_status, text, jsonb, text, text) from public, anon, authenticated;
grant execute on function private.require_status_fields(public.job_status, text, jsonb, text, text) to service_role;

create function public.send_status_update(
  p_update_type text,
  p_resource text,
  p_status text,
  p_user_id uuid default null,
  p_incident_id uuid default null,
  p_data jsonb default null,
  p_state public.job_status default 'completed',
  p_error text default null,
  p_error_code text default null,
  p_idempotency_key text default null
) returns jsonb
language plpgsql volatile
-- Definer: idempotency keys are closed to API roles. Only service_role may call the function.
security definer set search_path = ''
as $$
declare
  v_status text;
  v_resource text;
  v_input jsonb;
  v_fingerprint text;
  v_known private.status_update_keys;
  v_user_id uuid := p_user_id;
  v_job public.jobs;
begin
  perform private.check_size('update_type', pg_catalog.octet_length(p_update_type), 256);
  perform private.check_size('resource', pg_catalog.octet_length(p_resource), 4096);
  perform private.check_size('status', pg_catalog.octet_length(p_status), 1024);
  perform private.check_size('idempotency_key', pg_catalog.octet_length(p_idempotency_key), 1024);
  v_status := private.clean_text(p_status, 51);
  v_resource := private.clean_text(p_resource, 201);
  perform private.require_status_fields(p_state, coalesce(v_status, ''), p_data, p_error, p_error_code);
  if p_update_type is null or p_update_type !~ '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'update_type is a name of at most 64 letters, digits, _, . and -.';
  elsif v_resource is null or pg_catalog.char_length(v_resource) not between 1 and 200 then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'resource is a text of at most 200 characters.';
  elsif pg_catalog.char_length(p_idempotency_key) not between 1 and 200 then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'An idempotency key has at most 200 characters.';
  elsif p_user_id is null and p_incident_id is null then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'Name a user or an incident.';
  end if;

  if p_idempotency_key is not null then
    v_fingerprint := pg_catalog.md5(
      pg_catalog.jsonb_build_array(
        p_update_type, p_resource, p_status, p_user_id, p_incident_id, p_data, p_state, p_error, p_error_code
      )::text
    );
    -- Of two requests with the same key at once, the second waits here and then finds the first.
    perform pg_catalog.pg_advisory_xact_lock(
      pg_catalog.hashtextextended('private.status_update_keys ' || p_idempotency_key, 0)
    );
    select known.* into v_known from private.status_update_keys as known where known.key = p_idempotency_key;
    if found then
      if v_known.fingerprint <> v_fingerprint then
        raise exception 'idempotency_conflict' using
          errcode = 'PT409', detail = 'This idempotency key belongs to another status update.';
      end if;
      select job.* into strict v_job from public.jobs as job where job.id = v_known.job_id;
      return private.status_update_answer(v_job, true);
    end if;
  end if;

  if p_incident_id is not null then
    select coalesce(p_user_id, incident.user_id) into v_user_id
    from public.incidents as incident
    where incident.id = p_incident_id;
    if not found then
      raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
    end if;
    -- The owner is a member, with a row of incident_members or without, as in is_incident_member.
    if p_user_id is not null and not exists (
      select from public.incidents as incident
      where incident.id = p_incident_id and incident.user_id = p_user_id
      union all
      select from public.incident_members as member
      where member.incident_id = p_incident_id and member.user_id = p_user_id
    ) then
      raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The user is no member of the incident.';
    end if;
  end if;

  v_input := pg_catalog.jsonb_build_object(
    'updateType', p_update_type, 'resource', v_resource, 'status', v_status,
    -- Not in the message. It tells the Edge Function status-update, when the job is requeued, that the work is not done here.
    'elsewhere', true
  );
  v_job.id := pg_catalog.gen_random_uuid();
  begin
    insert into public.jobs (id, kind, user_id, incident_id, subject_id, status, input, result, error, error_code)
    values (
      v_job.id,
      'status',
      v_user_id,
      p_incident_id,
      coalesce(p_incident_id, v_job.id),
      p_state,
      case when p_state = 'processing' and p_data is not null
        then v_input || pg_catalog.jsonb_build_object('data', p_data) else v_input end,
      case when p_state <> 'processing'
        then pg_catalog.jsonb_build_object('status', v_status)
          || case when p_data is null then '{}' else pg_catalog.jsonb_build_object('data', p_data) end
      end,
      p_error,
      case when p_state = 'failed' then coalesce(p_error_code, 'reported_failed') end
    )
    returning * into strict v_job;
  exception
    when foreign_key_violation then
      raise exception 'user_unknown' using errcode = 'PT422', detail = 'There is no such user.';
  end;
  if p_idempotency_key is not null then
    insert into private.status_update_keys (key, job_id, fingerprint)
    values (p_idempotency_key, v_job.id, v_fingerprint);
  end if;
  return private.status_update_answer(v_job, false);
end;
$$;
comment on function public.send_status_update(
  text, text, text, uuid, uuid, jsonb, public.job_status, text, text, text
) is
  'Tells a user, or the owner of an incident, about work of another service that has ended (completed, failed) or has begun (processing; advance_status_update goes on). data has at most 32 KB. A repeated idempotency key changes nothing and returns duplicate true. Returns {jobId, userId, incidentId, state, duplicate}. Errors: invalid_arguments, message_too_large, user_unknown, incident_not_found, idempotency_conflict.';
revoke execute on function public.send_status_update(
  text, text, text, uuid, uuid, jsonb, public.job_status, text, text, text
) from public, anon, authenticated;
grant execute on function public.send_status_update(
  text, text, text, uuid, uuid, jsonb, public.job_status, text, text, text
) to service_role;

create function public.advance_status_update(
  p_job_id uuid,
  p_state public.job_status default 'processing',
  p_status text default null,
  p_progress integer default null,
  p_data jsonb default null,
  p_error text default null,
  p_error_code text default null
) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_status text;
  v_news jsonb;
  v_job public.jobs;
begin
  perform private.check_size('status', pg_catalog.octet_length(p_status), 1024);
  v_status := private.clean_text(p_status, 51);
  perform private.require_status_fields(p_state, v_status, p_data, p_error, p_error_code);

  select job.* into v_job from public.jobs as job where job.id = p_job_id and job.kind = 'status' for no key update;
  if not found then
    raise exception 'job_not_found' using errcode = 'PT404', detail = 'There is no such status update.';
  elsif v_job.status = p_state and p_state <> 'processing' then
    -- Called again, because the first answer was lost.
    return private.status_update_answer(v_job, true);
  elsif v_job.status <> 'processing' then
    raise exception 'illegal_transition' using
      errcode = 'PT409', detail = pg_catalog.format('The status update is %s already.', v_job.status);
  end if;

  v_news := case when v_status is null then '{}' else pg_catalog.jsonb_build_object('status', v_status) end
    || case when p_data is null then '{}' else pg_catalog.jsonb_build_object('data', p_data) end;
  if p_state = 'processing' then
    update public.jobs as job
    set
      input = job.input || v_news,
      progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
      -- In stage, too, because a change of stage gives a message.
      stage = coalesce(v_status, job.stage),
      lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
    from private.job_kinds as kind
    where job.id = p_job_id and kind.kind = job.kind
    returning job.* into strict v_job;
  else
    update public.jobs as job
    set
      status = p_state,
      result = v_news,
      stage = null,
      error = p_error,
      error_code = case when p_state = 'failed' then coalesce(p_error_code, 'reported_failed') end
    where job.id = p_job_id
    returning job.* into strict v_job;
  end if;
  return private.status_update_answer(v_job, false);
end;
$$;
comment on function public.advance_status_update(uuid, public.job_status, text, integer, jsonb, text, text) is
  'The next report on a status update that is processing: its progress, which also prolongs the lease, or its end, once. Null leaves a value as it is. Returns what send_status_update does. Errors: invalid_arguments, message_too_large, job_not_found, illegal_transition.';
revoke execute on function public.advance_status_update(uuid, public.job_status, text, integer, jsonb, text, text)
from public, anon, authenticated;
grant execute on function public.advance_status_update(uuid, public.job_status, text, integer, jsonb, text, text)
to service_role;
