-- Messages from clients, such as "is typing", go through functions, in JSON or binary. The functions limit the rate of each
-- user.
--
--   send_to_topic, send_binary_to_topic ──▶ member? ──▶ event and size ──▶ tokens of the user ──▶ broadcast
--
-- Realtime asks a policy at the join and not for each message, so a policy cannot count messages. Realtime's own limit is
-- one for all users of a project, so a single client could silence everybody. Therefore clients may not broadcast over the
-- socket (docs/adr/0004-limits-in-the-database.md). Presence goes over the socket: Realtime limits it per client.
--
-- The database sets the sender of a message, so no user can send in another user's name.

create unlogged table private.send_buckets (
  user_id uuid primary key references auth.users (id) on delete cascade,
  tokens double precision not null,
  refilled_at timestamptz not null
)
with (fillfactor = 50);
comment on table private.send_buckets is
  'Token buckets: how many messages each user may send. Unlogged: after a crash all buckets are full again.';
alter table private.send_buckets enable row level security;
revoke all on table private.send_buckets from public, anon, authenticated, service_role;

create function private.refilled(
  p_tokens double precision,
  p_refilled_at timestamptz,
  p_rate double precision,
  p_burst integer
) returns double precision
language sql
-- Volatile, because it reads the clock: after the row has been locked.
volatile security invoker set search_path = ''
as $$
  select least(
    p_burst,
    p_tokens + greatest(extract(epoch from pg_catalog.clock_timestamp() - p_refilled_at)::double precision, 0) * p_rate
  );
$$;
comment on function private.refilled(double precision, timestamptz, double precision, integer) is
  'Tokens in a bucket at this moment.';
revoke execute on function private.refilled(double precision, timestamptz, double precision, integer)
from public, anon, authenticated;

create function private.take_send_tokens(p_user_id uuid, p_tokens integer) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_rate double precision;
  v_burst integer;
  v_left double precision;
begin
  select limits.send_rate, limits.send_burst into strict v_rate, v_burst from private.limits as limits;

  -- Locks the row of this user only. The clock is read after the row has been locked.
  insert into private.send_buckets as bucket (user_id, tokens, refilled_at)
  values (p_user_id, v_burst - p_tokens, pg_catalog.clock_timestamp())
  on conflict (user_id) do update
  set
    tokens = private.refilled(bucket.tokens, bucket.refilled_at, v_rate, v_burst) - p_tokens,
    refilled_at = pg_catalog.clock_timestamp()
  where private.refilled(bucket.tokens, bucket.refilled_at, v_rate, v_burst) >= p_tokens;
  if found then
    return;
  end if;

  select private.refilled(bucket.tokens, bucket.refilled_at, v_rate, v_burst) into v_left
  from private.send_buckets as bucket
  where bucket.user_id = p_user_id;
  raise exception 'rate_limited' using
    errcode = 'PT429',
    detail = pg_catalog.format('A user may send %s messages at once and %s a second.', v_burst, v_rate),
    hint = pg_catalog.jsonb_build_object(
      -- At least 1: tokens may have been added since the attempt above.
      'retryAfterMs', greatest(pg_catalog.ceil((p_tokens - coalesce(v_left, 0)) / v_rate * 1000), 1)::bigint
    )::text;
end;
$$;
comment on function private.take_send_tokens(uuid, integer) is
  'Takes tokens out of a user''s bucket. Errors: rate_limited, whose hint is {"retryAfterMs"} as JSON.';
revoke execute on function private.take_send_tokens(uuid, integer) from public, anon, authenticated;

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
  if p_event is null
     or p_event !~ '^[a-z][a-z0-9_.:-]{0,63}$'
     -- Events of the database and of Realtime.
     or p_event in (
       'subscribe', 'unsubscribe', 'ping', 'pong', 'error', 'system', 'broadcast', 'realtime_update', 'status_update',
       'batch_update', 'notification_read'
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
  'The incident that the topic belongs to, where the caller may send this event there. Errors: message_too_large, not_signed_in, topic_forbidden, invalid_arguments.';
revoke execute on function private.check_client_message(text, text) from public, anon, authenticated;

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
  v_incident_id := private.check_client_message(p_topic, p_event);
  if pg_catalog.jsonb_typeof(p_payload) is distinct from 'object' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A payload is an object.';
  end if;

  perform private.take_send_tokens(auth.uid(), 1);
  perform private.broadcast(
    'incident:' || v_incident_id,
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
  'Broadcasts an object of at most 16 KB to the members of an incident, with type, incidentId, userId and timestamp set by the database. Errors: not_signed_in, topic_forbidden, invalid_arguments, message_too_large, rate_limited.';
revoke execute on function public.send_to_topic(text, text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.send_to_topic(text, text, jsonb) to authenticated;

create function public.send_binary_to_topic(p_topic text, p_event text, p_base64 text) returns void
language plpgsql volatile
-- Definer: as send_to_topic.
security definer set search_path = ''
as $$
declare
  v_max_bytes constant integer := 65536;
  v_bytes_of_a_token constant integer := 16384;
  v_incident_id uuid;
  v_bytes bytea;
begin
  -- Four characters are three bytes, and base64 may have line breaks.
  perform private.check_size('p_base64', pg_catalog.octet_length(p_base64), v_max_bytes * 2);
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

  perform private.take_send_tokens(
    auth.uid(), greatest(pg_catalog.ceil(pg_catalog.octet_length(v_bytes)::numeric / v_bytes_of_a_token)::integer, 1)
  );
  perform realtime.send_binary(
    pg_catalog.uuid_send(auth.uid()) || v_bytes, p_event, 'incident:' || v_incident_id, true
  );
end;
$$;
comment on function public.send_binary_to_topic(text, text, text) is
  'Broadcasts at most 64 KB, given as base64, to the members of an incident: the 16 bytes of the sender''s user id, set by the database, then the bytes. Takes a token per 16 KB. Errors: as send_to_topic.';
revoke execute on function public.send_binary_to_topic(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.send_binary_to_topic(text, text, text) to authenticated;

create function private.forget_full_buckets() returns integer
language plpgsql volatile
-- Invoker: pg_cron calls it as its owner.
security invoker set search_path = ''
as $$
declare
  v_count integer;
begin
  delete from private.send_buckets as bucket
  using (
    select idle.user_id
    from private.send_buckets as idle
    cross join private.limits as limits
    where idle.refilled_at < pg_catalog.now() - greatest(
      interval '1 hour', pg_catalog.make_interval(secs => limits.send_burst / limits.send_rate)
    )
    for update of idle skip locked
  ) as idle
  where bucket.user_id = idle.user_id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.forget_full_buckets() is
  'Deletes the buckets of users who have sent nothing for an hour: they are full, as a new bucket is. Returns their number.';
revoke execute on function private.forget_full_buckets() from public, anon, authenticated, service_role;
