-- Devices: of one user, at most private.limits.max_devices are live at once, also when several register at the same moment.
--
--   register_device ──▶ live ──▶ silent for device_silence_seconds ──▶ deleted by the next registration or by pg_cron
--                        │  ▲ heartbeat_device
--                        ├──┘
--                        ├──▶ displaced (another device has taken its place, and the message connection_displaced says so)
--                        └──▶ unregister_device ──▶ deleted
--
-- Enforced: a device is bound to the sign-in that registered it (the signed claim session_id), and the policies of
-- realtime.messages let a sign-in receive only while it has a live device. So at most max_devices sign-ins of a user can
-- join channels, whatever their clients do.
--
-- Not enforced: a policy sees the token and not the socket, so one sign-in may open several sockets. Realtime asks the
-- policies at a join and when a token is replaced, so a displaced client that ignores the message keeps its channels until
-- its token expires.

create table private.devices (
  user_id uuid not null references auth.users (id) on delete cascade,
  device_id uuid not null,
  session_id uuid,
  label text,
  registered_at timestamptz not null,
  last_seen_at timestamptz not null,
  displaced_by uuid,
  primary key (user_id, device_id)
)
-- Every heartbeat updates a row. Free space on the page lets the update leave the index alone (HOT).
with (fillfactor = 50);
comment on table private.devices is 'Devices that have registered. Silent ones are deleted.';
comment on column private.devices.device_id is 'Chosen by the client, one per browser profile. Unique for its user.';
comment on column private.devices.session_id is
  'The sign-in that registered the device: claim session_id of the token. Null for tokens without the claim.';
comment on column private.devices.label is 'Name for the user, such as Firefox on Linux.';
comment on column private.devices.displaced_by is 'The device that has taken this one''s place. Not null: this device is not live.';
-- Closed to every API role. The functions below act for the caller.
alter table private.devices enable row level security;
revoke all on table private.devices from public, anon, authenticated, service_role;

create function private.session_id() returns uuid
language sql stable security invoker set search_path = ''
as $$
  select private.try_uuid(auth.jwt() ->> 'session_id');
$$;
comment on function private.session_id() is 'Claim session_id of the caller''s token: the sign-in. Null without the claim.';
revoke execute on function private.session_id() from public, anon, authenticated;
grant execute on function private.session_id() to authenticated, service_role;

create function private.live_devices(p_user_id uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(
    pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object(
        'deviceId', device.device_id,
        'label', device.label,
        'registeredAt', private.iso_timestamp(device.registered_at),
        'lastSeenAt', private.iso_timestamp(device.last_seen_at)
      )
      order by device.registered_at, device.device_id
    ),
    '[]'
  )
  from private.devices as device
  cross join private.limits as limits
  where device.user_id = p_user_id
    and device.displaced_by is null
    and device.last_seen_at > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => limits.device_silence_seconds);
$$;
comment on function private.live_devices(uuid) is
  'Live devices of a user, the one registered first in front: [{"deviceId", "label", "registeredAt", "lastSeenAt"}].';
revoke execute on function private.live_devices(uuid) from public, anon, authenticated;

create function public.register_device(p_device_id uuid, p_label text default null, p_displace uuid default null)
returns jsonb
language plpgsql volatile
-- Definer: the devices are closed to API roles, and people may not broadcast. The function acts for the caller's own.
security definer set search_path = ''
as $$
declare
  -- First key of the advisory lock: the ASCII codes of "devi".
  v_lock constant integer := 1684371049;
  v_user_id constant uuid := auth.uid();
  v_now timestamptz;
  v_max_devices integer;
  v_silence interval;
  v_displaced boolean := false;
begin
  perform private.check_size('p_label', pg_catalog.octet_length(p_label), 4096);
  perform private.count_call('register_device');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user has devices.';
  end if;
  if p_device_id is null then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'Give p_device_id.';
  end if;

  -- Registrations of one user wait for each other, so that each counts the devices of the others.
  perform pg_catalog.pg_advisory_xact_lock(v_lock, pg_catalog.hashtext(v_user_id::text));
  v_now := pg_catalog.clock_timestamp();
  select limits.max_devices, pg_catalog.make_interval(secs => limits.device_silence_seconds)
  into strict v_max_devices, v_silence
  from private.limits as limits;

  -- Silent devices are deleted, not just left out of the count. So a heartbeat at the same moment either comes first and
  -- keeps its device, or finds no device.
  delete from private.devices as device
  where device.user_id = v_user_id and device.last_seen_at <= v_now - v_silence;

  if p_displace <> p_device_id then
    update private.devices as device
    set displaced_by = p_device_id
    where device.user_id = v_user_id and device.device_id = p_displace and device.displaced_by is null;
    v_displaced := found;
  end if;

  if (
    select pg_catalog.count(*)
    from private.devices as device
    where device.user_id = v_user_id and device.displaced_by is null and device.device_id <> p_device_id
  ) >= v_max_devices then
    raise exception 'too_many_connections' using
      errcode = 'PT429',
      detail = pg_catalog.format('At most %s devices of a user can be live at once.', v_max_devices),
      hint = private.live_devices(v_user_id)::text;
  end if;

  insert into private.devices as device (user_id, device_id, session_id, label, registered_at, last_seen_at)
  values (v_user_id, p_device_id, private.session_id(), private.clean_text(p_label, 80), v_now, v_now)
  on conflict (user_id, device_id) do update
  set
    session_id = excluded.session_id,
    label = coalesce(excluded.label, device.label),
    registered_at = case when device.displaced_by is null then device.registered_at else excluded.registered_at end,
    last_seen_at = excluded.last_seen_at,
    displaced_by = null;

  if v_displaced then
    perform private.broadcast(
      'user:' || v_user_id,
      pg_catalog.jsonb_build_object(
        'type', 'error',
        'code', 'connection_displaced',
        'message', 'Another device has taken the place of this one.',
        'deviceId', p_displace,
        'displacedBy', p_device_id,
        'timestamp', private.iso_timestamp(v_now)
      )
    );
  end if;

  return pg_catalog.jsonb_build_object(
    'maxDevices', v_max_devices,
    'silenceLimitMs', (extract(epoch from v_silence) * 1000)::integer,
    'devices', private.live_devices(v_user_id)
  );
end;
$$;
comment on function public.register_device(uuid, text, uuid) is
  'Makes a device of the caller live, or keeps it live. p_displace names a device whose place it takes. Returns {"maxDevices", "silenceLimitMs", "devices"}. Errors: too_many_connections (the hint is the list of live devices as JSON), rate_limited, not_signed_in, invalid_arguments.';
revoke execute on function public.register_device(uuid, text, uuid) from public, anon, authenticated, service_role;
grant execute on function public.register_device(uuid, text, uuid) to authenticated;

create function public.heartbeat_device(p_device_id uuid) returns text
language plpgsql volatile
-- Definer: the devices are closed to API roles. The function acts for the caller's own.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_silence interval;
begin
  perform private.count_call('heartbeat_device');
  select pg_catalog.make_interval(secs => limits.device_silence_seconds) into strict v_silence
  from private.limits as limits;

  -- A device that was silent for too long has lost its place, also if it has not been deleted yet.
  update private.devices as device
  set last_seen_at = pg_catalog.clock_timestamp()
  where device.user_id = v_user_id
    and device.device_id = p_device_id
    and device.session_id is not distinct from private.session_id()
    and device.displaced_by is null
    and device.last_seen_at > pg_catalog.clock_timestamp() - v_silence;
  if found then
    return 'live';
  end if;
  return case
    when exists (
      select from private.devices as device
      where device.user_id = v_user_id and device.device_id = p_device_id and device.displaced_by is not null
    )
    then 'displaced'
    else 'unregistered'
  end;
end;
$$;
comment on function public.heartbeat_device(uuid) is
  'Keeps a device live. Returns live; displaced, when another device has its place; or unregistered, when it was silent for too long or another sign-in has registered it: then register again. Errors: rate_limited.';
revoke execute on function public.heartbeat_device(uuid) from public, anon, authenticated, service_role;
grant execute on function public.heartbeat_device(uuid) to authenticated;

create function public.unregister_device(p_device_id uuid) returns boolean
language plpgsql volatile
-- Definer: the devices are closed to API roles. The function acts for the caller's own.
security definer set search_path = ''
as $$
begin
  perform private.count_call('unregister_device');
  delete from private.devices as device
  where device.user_id = auth.uid()
    and device.device_id = p_device_id
    -- A sign-out that arrives late must not free the place of the next sign-in on the same device.
    and device.session_id is not distinct from private.session_id();
  return found;
end;
$$;
comment on function public.unregister_device(uuid) is
  'Frees the place of a device that this sign-in has registered. Returns whether it had. Errors: rate_limited.';
revoke execute on function public.unregister_device(uuid) from public, anon, authenticated, service_role;
grant execute on function public.unregister_device(uuid) to authenticated;

create function private.pace_head_checks() returns integer
language plpgsql volatile
-- Invoker: pg_cron calls it as its owner.
security invoker set search_path = ''
as $$
declare
  v_interval_ms integer;
begin
  select pg_catalog.count(device.user_id) * 1000 / limits.head_checks_per_second into strict v_interval_ms
  from private.limits as limits
  left join private.devices as device on device.displaced_by is null
  group by limits.head_checks_per_second;
  update private.head_pace as pace set interval_ms = v_interval_ms where pace.interval_ms <> v_interval_ms;
  return v_interval_ms;
end;
$$;
comment on function private.pace_head_checks() is
  'Sets how often a page may compare heads, so that all live devices together stay below limits.head_checks_per_second. Returns the milliseconds.';
revoke execute on function private.pace_head_checks() from public, anon, authenticated, service_role;

create function private.forget_silent_devices() returns integer
language plpgsql volatile
-- Invoker: pg_cron calls it as its owner.
security invoker set search_path = ''
as $$
declare
  v_count integer;
begin
  delete from private.devices as device
  using (
    select silent.user_id, silent.device_id
    from private.devices as silent
    cross join private.limits as limits
    where silent.last_seen_at <= pg_catalog.now() - pg_catalog.make_interval(secs => limits.device_silence_seconds)
    -- A locked device has a heartbeat under way. Waiting for no lock also means no deadlock.
    for update of silent skip locked
  ) as silent
  where device.user_id = silent.user_id and device.device_id = silent.device_id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.forget_silent_devices() is 'Deletes the devices that were silent for too long. Returns their number.';
revoke execute on function private.forget_silent_devices() from public, anon, authenticated, service_role;
