-- Live devices: registration, limit, displacement, silence, and the access to private channels.

begin;
select plan(39);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob');
select is((select devices_must_register from private.limits), true, 'private channels ask for a live device');
update private.limits set max_devices = 2, device_silence_seconds = 60;

-- Devices and sign-ins are named by a digit.
create function pg_temp.device(p_digit integer)
returns uuid
language sql
as $$ select ('d0000000-0000-4000-8000-00000000000' || p_digit)::uuid $$;
create function pg_temp.sign_in(p_user text, p_session integer)
returns void
language sql
as $$ select tests.sign_in(p_user, ('50000000-0000-4000-8000-00000000000' || p_session)::uuid) $$;
create function pg_temp.registered()
returns setof text
language sql
as $$
  select right(device_id::text, 1) || case when displaced_by is null then '' else ' displaced' end
  from private.devices where user_id = 'a0000000-0000-4000-8000-000000000001' order by device_id
$$;
create function pg_temp.may_receive(p_topic text)
returns boolean
language plpgsql
as $$
declare
  v_may boolean;
begin
  perform set_config('realtime.topic', p_topic, true);
  insert into realtime.messages (topic, extension, payload, event, private) values ('probe', 'broadcast', '{}', 'probe', true);
  set local role authenticated;
  v_may := exists (select from realtime.messages where topic = 'probe');
  reset role;
  delete from realtime.messages where topic = 'probe';
  return v_may;
end;
$$;
grant execute on all functions in schema pg_temp to authenticated;

-- Registration
select pg_temp.sign_in('ann', 1);
select is(
  public.register_device(pg_temp.device(1), E'  Firefox\u202e on\nLinux\u0007 ') - 'devices',
  '{"maxDevices": 2, "silenceLimitMs": 60000}'::jsonb,
  'a device is registered and learns the limits'
);
select is((select label from private.devices), E'Firefox on\nLinux', 'the label of a device is cleaned');
select is(
  (select device.value - 'registeredAt' - 'lastSeenAt'
   from jsonb_array_elements(public.register_device(pg_temp.device(1)) -> 'devices') as device),
  '{"deviceId": "d0000000-0000-4000-8000-000000000001", "label": "Firefox on\nLinux"}'::jsonb,
  'a device that registers again is still one device and keeps its label'
);
select lives_ok('select public.register_device(pg_temp.device(2), repeat(''x'', 500))', 'the last place is taken');
select is((select max(length(label)) from private.devices), 80, 'a label has at most 80 characters');

-- The limit
select pg_temp.sign_in('ann', 3);
select throws_ok('select public.register_device(pg_temp.device(3))', 'PT429', 'too_many_connections', 'a third device is refused when the limit is two');
select results_eq(
  $$ select device.value ->> 'deviceId'
     from jsonb_array_elements(tests.hint_of('select public.register_device(pg_temp.device(3))')::jsonb) as device $$,
  'select pg_temp.device(1)::text union all select pg_temp.device(2)::text',
  'the refusal lists the live devices, the longest registered first'
);
select results_eq('select pg_temp.registered()', $$ values ('1'), ('2') $$, 'a refused device is not registered');
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'a sign-in whose device was refused receives nothing');
select is(public.heartbeat_device(pg_temp.device(3)), 'unregistered', 'a heartbeat of a refused device answers unregistered');
select pg_temp.sign_in('bob', 4);
select lives_ok('select public.register_device(pg_temp.device(1))', 'another user may register a device with the same id');
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'another user''s device with the same id opens no topic of the first user');

-- Displacement
select pg_temp.sign_in('ann', 3);
select throws_ok(
  'select public.register_device(pg_temp.device(3), null, pg_temp.device(9))', 'PT429', 'too_many_connections',
  'a registration that names an unknown device to displace is refused'
);
select lives_ok('select public.register_device(pg_temp.device(3), ''Phone'', pg_temp.device(1))', 'a third device can displace the first');
select results_eq('select pg_temp.registered()', $$ values ('1 displaced'), ('2'), ('3') $$, 'the displaced device is not live any more');
select results_eq(
  $$ select topic, private, event, payload - 'id' - 'timestamp' from realtime.messages where event = 'error' $$,
  $$ values ('user:a0000000-0000-4000-8000-000000000001', true, 'error',
    '{"type": "error", "code": "connection_displaced", "message": "Another device has taken the place of this one.",
      "deviceId": "d0000000-0000-4000-8000-000000000001", "displacedBy": "d0000000-0000-4000-8000-000000000003"}'::jsonb) $$,
  'the displacement is sent to the user''s topic once'
);
select ok(pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'the device that displaced another receives');
select pg_temp.sign_in('ann', 1);
select is(public.heartbeat_device(pg_temp.device(1)), 'displaced', 'the heartbeat of a displaced device answers displaced');
select ok(
  pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'),
  'a sign-in receives while any device of it is live: the first''s has registered the second as well'
);
select is(public.unregister_device(pg_temp.device(2)), true, 'unregister_device frees the place of the device');
select is(public.unregister_device(pg_temp.device(2)), false, 'unregister_device of an unregistered device returns false');
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'a sign-in without a live device receives nothing');
select is(public.unregister_device(pg_temp.device(3)), false, 'unregister_device does not free the place of another sign-in');
select is(public.heartbeat_device(pg_temp.device(3)), 'unregistered', 'a heartbeat does not keep the device of another sign-in alive');
select lives_ok('select public.register_device(pg_temp.device(1))', 'a displaced device may register again when a place is free');
select results_eq('select pg_temp.registered()', $$ values ('1'), ('3') $$, 'a displaced device that registers again is live');
select is(
  (select count(*) from realtime.messages where event = 'error'), 1::bigint, 'a registration that displaces no device sends no message'
);

-- Silence
select is(public.heartbeat_device(pg_temp.device(1)), 'live', 'a heartbeat keeps a device live');
update private.devices set last_seen_at = clock_timestamp() - interval '61 seconds'
where user_id = 'a0000000-0000-4000-8000-000000000001' and device_id = pg_temp.device(1);
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'a silent device does not receive');
select is(public.heartbeat_device(pg_temp.device(1)), 'unregistered', 'a heartbeat does not revive a silent device, whose place may be taken');
select pg_temp.sign_in('ann', 2);
select lives_ok('select public.register_device(pg_temp.device(2))', 'another device may take the place of a silent one');
select is(private.forget_silent_devices(), 0, 'silent devices are deleted by the next registration');
update private.devices set last_seen_at = clock_timestamp() - interval '61 seconds' where device_id = pg_temp.device(3);
select is(private.forget_silent_devices(), 1, 'the scheduled cleaning deletes silent devices, too');

-- Refusals
select throws_ok('select public.register_device(null)', 'PT400', 'invalid_arguments', 'a registration without a device id is refused');
select pg_temp.sign_in(null, 1);
select throws_ok('select public.register_device(pg_temp.device(1))', 'PT401', 'not_signed_in', 'a token without a user has no devices');
select is(public.heartbeat_device(pg_temp.device(1)), 'unregistered', 'a heartbeat without a user answers unregistered');
select is(public.unregister_device(pg_temp.device(1)), false, 'unregister_device without a user returns false');

-- Switched off, every sign-in receives.
update private.limits set devices_must_register = false;
select pg_temp.sign_in('ann', 7);
select ok(pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'without devices_must_register every sign-in receives');

select * from finish();
rollback;
