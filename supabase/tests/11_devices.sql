-- Live devices: registration, the limit, displacement, silence, and what of it the private channels enforce.

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
select is((select label from private.devices), E'Firefox on\nLinux', 'its label is cleaned');
select is(
  (select device.value - 'registeredAt' - 'lastSeenAt'
   from jsonb_array_elements(public.register_device(pg_temp.device(1)) -> 'devices') as device),
  '{"deviceId": "d0000000-0000-4000-8000-000000000001", "label": "Firefox on\nLinux"}'::jsonb,
  'again, it is still one device and keeps its label'
);
select lives_ok('select public.register_device(pg_temp.device(2), repeat(''x'', 500))', 'the last place is taken');
select is((select max(length(label)) from private.devices), 80, 'a label has at most 80 characters');

-- The limit
select pg_temp.sign_in('ann', 3);
select throws_ok('select public.register_device(pg_temp.device(3))', 'PT429', 'too_many_connections', 'there is no third place');
select results_eq(
  $$ select device.value ->> 'deviceId'
     from jsonb_array_elements(tests.hint_of('select public.register_device(pg_temp.device(3))')::jsonb) as device $$,
  'select pg_temp.device(1)::text union all select pg_temp.device(2)::text',
  'the refusal lists the live devices, the longest registered first'
);
select results_eq('select pg_temp.registered()', $$ values ('1'), ('2') $$, 'and registers nothing');
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'a sign-in without a place receives nothing');
select is(public.heartbeat_device(pg_temp.device(3)), 'unregistered', 'and has nothing to keep alive');
select pg_temp.sign_in('bob', 4);
select lives_ok('select public.register_device(pg_temp.device(1))', 'other users have places of their own, and device ids');
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'which give nothing of others');

-- Displacement
select pg_temp.sign_in('ann', 3);
select throws_ok(
  'select public.register_device(pg_temp.device(3), null, pg_temp.device(9))', 'PT429', 'too_many_connections',
  'who names an unknown device displaces nobody'
);
select lives_ok('select public.register_device(pg_temp.device(3), ''Phone'', pg_temp.device(1))', 'a third takes the place of the first');
select results_eq('select pg_temp.registered()', $$ values ('1 displaced'), ('2'), ('3') $$, 'which is not live any more');
select results_eq(
  $$ select topic, private, event, payload - 'id' - 'timestamp' from realtime.messages where event = 'error' $$,
  $$ values ('user:a0000000-0000-4000-8000-000000000001', true, 'error',
    '{"type": "error", "code": "connection_displaced", "message": "Another device has taken the place of this one.",
      "deviceId": "d0000000-0000-4000-8000-000000000001", "displacedBy": "d0000000-0000-4000-8000-000000000003"}'::jsonb) $$,
  'and is told on the user''s topic, once'
);
select ok(pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'the third receives');
select pg_temp.sign_in('ann', 1);
select is(public.heartbeat_device(pg_temp.device(1)), 'displaced', 'the first learns it from its heartbeat, too');
select ok(
  pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'),
  'a sign-in receives while any device of it is live: the first''s has registered the second as well'
);
select is(public.unregister_device(pg_temp.device(2)), true, 'a device frees its place');
select is(public.unregister_device(pg_temp.device(2)), false, 'once');
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'and without a live device its sign-in receives nothing');
select is(public.unregister_device(pg_temp.device(3)), false, 'nobody frees the place of another sign-in');
select is(public.heartbeat_device(pg_temp.device(3)), 'unregistered', 'nor keeps it alive');
select lives_ok('select public.register_device(pg_temp.device(1))', 'the displaced one comes back where there is a place');
select results_eq('select pg_temp.registered()', $$ values ('1'), ('3') $$, 'and is live again');
select is(
  (select count(*) from realtime.messages where event = 'error'), 1::bigint, 'of which nobody is told'
);

-- Silence
select is(public.heartbeat_device(pg_temp.device(1)), 'live', 'a heartbeat keeps a device live');
update private.devices set last_seen_at = clock_timestamp() - interval '61 seconds'
where user_id = 'a0000000-0000-4000-8000-000000000001' and device_id = pg_temp.device(1);
select ok(not pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'a silent device does not receive');
select is(public.heartbeat_device(pg_temp.device(1)), 'unregistered', 'and does not come back by a heartbeat: its place may be taken');
select pg_temp.sign_in('ann', 2);
select lives_ok('select public.register_device(pg_temp.device(2))', 'its place is free for another');
select is(private.forget_silent_devices(), 0, 'silent devices are deleted by the next registration');
update private.devices set last_seen_at = clock_timestamp() - interval '61 seconds' where device_id = pg_temp.device(3);
select is(private.forget_silent_devices(), 1, 'by cron as well');

-- Refusals
select throws_ok('select public.register_device(null)', 'PT400', 'invalid_arguments', 'a device has an id');
select pg_temp.sign_in(null, 1);
select throws_ok('select public.register_device(pg_temp.device(1))', 'PT401', 'not_signed_in', 'a token without a user has no devices');
select is(public.heartbeat_device(pg_temp.device(1)), 'unregistered', 'nor keeps any alive');
select is(public.unregister_device(pg_temp.device(1)), false, 'nor frees a place');

-- Switched off, every sign-in receives.
update private.limits set devices_must_register = false;
select pg_temp.sign_in('ann', 7);
select ok(pg_temp.may_receive('user:a0000000-0000-4000-8000-000000000001'), 'where registering is no must, every sign-in receives');

select * from finish();
rollback;
