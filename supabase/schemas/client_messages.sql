-- Messages from clients, such as "is typing", go through functions, in JSON or binary. The functions limit the rate of each
-- user.
--
--   send_to_topic, send_binary_to_topic ──▶ size ──▶ rate ──▶ member? ──▶ event ──▶ broadcast
--
-- Realtime asks a policy at the join and not for each message, so a policy cannot count messages. Realtime's own limit is
-- one for all users of a project, so a single client could silence everybody. Therefore clients may not broadcast over the
-- socket (docs/adr/0004-limits-in-the-database.md). Presence goes over the socket: Realtime limits it per client.
--
-- The database sets the sender of a message, so no user can send in another user's name.

create function private.check_client_message(p_topic text, p_event text) returns uuid
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_incident_id uuid;
begin
  perform private.check_size('p_topic', pg_catalog.octet_length(p_topic), 256);
  perform private.check_size('p_event', pg_catalog.octet_length(p_event), 256);
  v_incident_id := case
    when p_topic like 'incident:%' then private.try_uuid(pg_catalog.substr(p_topic, 10))
  end;
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can send.';
  end if;
  if not private.is_incident_member(v_incident_id) then
    raise exception 'topic_forbidden' using
      errcode = 'PT403',
      detail = 'People can send on the topics of incidents that they are members of, and on no other.';
  end if;
  perform private.refuse_viewer(v_incident_id);
  if p_event is null
     or p_event !~ '^[a-z][a-z0-9_.:-]{0,63}$'
     -- Events of Realtime, and messages that the database or the client library alone makes. Those about jobs follow.
     or p_event in (
       'system', 'broadcast', 'presence',
       'subscribe', 'unsubscribe', 'ping', 'pong', 'error', 'presence_update', 'realtime_update', 'status_update',
       'batch_update', 'notification_read', 'incident_moved',
       'note_added', 'mentioned', 'incident_state', 'incident_added', 'assigned', 'member_added', 'member_removed'
     )
     or p_event like 'phx%'
     or exists (
       select from private.job_kinds as kind
       where p_event in (kind.queued_type, kind.started_type, kind.progress_type, kind.completed_type, kind.failed_type)
     )
  then
    raise exception 'invalid_arguments' using
      errcode = 'PT400',
      detail = 'An event is a word of lower case letters, digits and _.:- with at most 64 characters, and none of the database''s own.';
  end if;
  return v_incident_id;
end;
$$;
comment on function private.check_client_message(text, text) is
  'The incident that the topic belongs to, where the caller may send this event there. Errors: message_too_large, not_signed_in, topic_forbidden, role_forbidden, invalid_arguments.';
revoke execute on function private.check_client_message(text, text) from public, anon, authenticated;

create function public.send_pong() returns void
language plpgsql volatile
-- Definer: people may not broadcast. The function sends to the caller's own topic.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  perform private.count_call('send_pong');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user has a topic.';
  end if;
  perform private.broadcast(
    'user:' || v_user_id,
    pg_catalog.jsonb_build_object(
      'type', 'pong', 'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
    )
  );
end;
$$;
comment on function public.send_pong() is
  'Broadcasts pong on the caller''s own topic. A page whose broadcasts were lost hears by it that they arrive again. Errors: not_signed_in, rate_limited.';
revoke execute on function public.send_pong() from public, anon, authenticated, service_role;
grant execute on function public.send_pong() to authenticated;

create function public.send_to_topic(p_topic text, p_event text, p_payload jsonb default '{}') returns void
language plpgsql volatile
-- Definer: people may not broadcast. The function checks what they may send.
security definer set search_path = ''
as $$
declare
  v_max_bytes constant integer := 16384;
  v_incident_id uuid;
begin
  perform private.check_json('p_payload', p_payload, v_max_bytes);
  perform private.count_call('send_to_topic');
  v_incident_id := private.check_client_message(p_topic, p_event);
  if pg_catalog.jsonb_typeof(p_payload) is distinct from 'object' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A payload is an object.';
  end if;

  perform private.broadcast(
    private.incident_topic(v_incident_id),
    private.clean_json(p_payload) || pg_catalog.jsonb_build_object(
      'type', p_event,
      'incidentId', v_incident_id,
      'userId', auth.uid(),
      'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
    )
  );
end;
$$;
comment on function public.send_to_topic(text, text, jsonb) is
  'Broadcasts an object of at most 16 KB to the members of an incident, with type, incidentId, userId and timestamp set by the database. Errors: not_signed_in, topic_forbidden, role_forbidden, invalid_arguments, message_too_large, rate_limited.';
revoke execute on function public.send_to_topic(text, text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.send_to_topic(text, text, jsonb) to authenticated;

create function public.send_binary_to_topic(p_topic text, p_event text, p_base64 text) returns void
language plpgsql volatile
-- Definer: as send_to_topic.
security definer set search_path = ''
as $$
declare
  v_max_bytes constant integer := 65536;
  -- 16 KB as base64, which may have line breaks.
  v_characters_of_a_token constant integer := 22528;
  v_incident_id uuid;
  v_bytes bytea;
begin
  -- Four characters are three bytes, and base64 may have line breaks.
  perform private.check_size('p_base64', pg_catalog.octet_length(p_base64), v_max_bytes * 2);
  perform private.count_call(
    'send_binary_to_topic',
    greatest(pg_catalog.ceil(pg_catalog.octet_length(p_base64)::numeric / v_characters_of_a_token)::integer, 1)
  );
  v_incident_id := private.check_client_message(p_topic, p_event);
  if p_base64 is null then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'Give p_base64.';
  end if;
  begin
    v_bytes := pg_catalog.decode(p_base64, 'base64');
  exception
    when invalid_parameter_value then
      raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The bytes are not base64.';
  end;
  if pg_catalog.octet_length(v_bytes) > v_max_bytes then
    raise exception 'message_too_large' using
      errcode = 'PT413',
      detail = pg_catalog.format('A binary message has at most %s bytes.', v_max_bytes);
  end if;

  perform realtime.send_binary(
    pg_catalog.uuid_send(auth.uid()) || v_bytes, p_event, private.incident_topic(v_incident_id), true
  );
end;
$$;
comment on function public.send_binary_to_topic(text, text, text) is
  'Broadcasts at most 64 KB, given as base64, to the members of an incident: the 16 bytes of the sender''s user id, set by the database, then the bytes. Counts as a call for each 16 KB begun. Errors: as send_to_topic.';
revoke execute on function public.send_binary_to_topic(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.send_binary_to_topic(text, text, text) to authenticated;
