-- A status update for an incident and its owner by name was refused where the owner had no row of incident_members.

create or replace function public.send_status_update(
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
)
returns jsonb
language plpgsql
volatile
-- Definer: idempotency keys are closed to API roles; only service_role may call it.
security definer
set search_path = ''
as $$
declare
  v_status constant text := private.clean_text(p_status, 51);
  v_resource constant text := private.clean_text(p_resource, 201);
  v_input jsonb;
  v_fingerprint text;
  v_known private.status_update_keys;
  v_user_id uuid := p_user_id;
  v_job public.jobs;
begin
  perform private.require_status_fields(coalesce(v_status, ''), p_data, p_error_code);
  if p_update_type is null or p_update_type !~ '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'update_type is a name of at most 64 letters, digits, _, . and -.';
  elsif v_resource is null or pg_catalog.char_length(v_resource) not between 1 and 200 then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'resource is a text of at most 200 characters.';
  elsif p_state is null or p_state = 'queued' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'state is processing, completed or failed.';
  elsif p_state <> 'failed' and (p_error is not null or p_error_code is not null) then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'An error belongs to the state failed.';
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
    -- Two at once: the second waits and then finds the first.
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
    -- Not in the message: should somebody try it again, the function knows that the work is not here.
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
