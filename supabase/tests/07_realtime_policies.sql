-- Who may receive and send on which private channel. Realtime asks as this does: as the user, with the topic set, by
-- reading and writing realtime.messages for each extension.

begin;

select tests.add_users('ann', 'bob', 'cleo');
select tests.add_users('dora');
-- All but Dora have a live device; 11_devices.sql has what becomes of devices.
insert into private.devices (user_id, device_id, registered_at, last_seen_at)
select id, gen_random_uuid(), now(), now() from auth.users where id in (tests.user_id('ann'), tests.user_id('bob'), tests.user_id('cleo'));
select tests.add_incident_of_ann();
insert into public.incident_members (incident_id, user_id, role) values
  ('a1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002', 'handler'),
  ('a1000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000004', 'handler');
insert into public.jobs (kind, user_id, incident_id, subject_id, queue_id) values
  ('image', 'a0000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', gen_random_uuid(),
   'a4000000-0000-4000-8000-000000000001');

-- What a caller may do on a topic: r(eceive) and s(end), of b(roadcast) and p(resence).
create function pg_temp.may(p_sub text, p_topic text)
returns text
language plpgsql
as $$
declare
  v_extension text;
  v_may text[] := '{}';
begin
  perform set_config('request.jwt.claims', json_strip_nulls(json_build_object('sub', p_sub, 'role', 'authenticated'))::text, true);
  perform set_config('realtime.topic', p_topic, true);
  foreach v_extension in array array['broadcast', 'presence'] loop
    begin
      insert into realtime.messages (topic, extension, payload, event, private)
      values ('probe', v_extension, '{}', 'probe', true);
      set local role authenticated;
      if exists (select from realtime.messages where topic = 'probe' and extension = v_extension) then
        v_may := v_may || ('r' || left(v_extension, 1));
      end if;
      begin
        insert into realtime.messages (topic, extension, payload, event, private)
        values ('probe', v_extension, '{}', 'probe', true);
        v_may := v_may || ('s' || left(v_extension, 1));
      exception
        when insufficient_privilege then
          null;
      end;
      raise exception 'undo' using errcode = 'UNDO0';
    exception
      when sqlstate 'UNDO0' then
        null;
    end;
  end loop;
  reset role;
  return array_to_string(v_may, ' ');
end;
$$;

create temporary table expected (who text, topic text, may text);
insert into expected values
  -- The user's own topic: broadcasts come from the database, presence from the user's devices.
  ('a0000000-0000-4000-8000-000000000001', 'user:a0000000-0000-4000-8000-000000000001', 'rb rp sp'),
  ('b0000000-0000-4000-8000-000000000002', 'user:a0000000-0000-4000-8000-000000000001', ''),
  (null, 'user:a0000000-0000-4000-8000-000000000001', ''),
  -- The incident's members; broadcasts of clients go through send_to_topic.
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-000000000001:1', 'rb rp sp'),
  ('b0000000-0000-4000-8000-000000000002', 'incident:a1000000-0000-4000-8000-000000000001:1', 'rb rp sp'),
  ('c0000000-0000-4000-8000-000000000003', 'incident:a1000000-0000-4000-8000-000000000001:1', ''),
  (null, 'incident:a1000000-0000-4000-8000-000000000001:1', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-00000000ffff:1', ''),
  -- Only the current topic: no earlier one, no later one, no other spelling of it.
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-000000000001', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-000000000001:0', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-000000000001:2', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-000000000001:01', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:A1000000-0000-4000-8000-000000000001:1', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:a1000000-0000-4000-8000-000000000001:1:', ''),
  -- Topics of queues: users who have a job in the queue.
  ('a0000000-0000-4000-8000-000000000001', 'queue:a4000000-0000-4000-8000-000000000001', 'rb'),
  ('b0000000-0000-4000-8000-000000000002', 'queue:a4000000-0000-4000-8000-000000000001', ''),
  ('c0000000-0000-4000-8000-000000000003', 'queue:a4000000-0000-4000-8000-000000000001', ''),
  ('a0000000-0000-4000-8000-000000000001', 'queue:a4000000-0000-4000-8000-00000000ffff', ''),
  -- A user without a live device may use no topic.
  ('d0000000-0000-4000-8000-000000000004', 'user:d0000000-0000-4000-8000-000000000004', ''),
  ('d0000000-0000-4000-8000-000000000004', 'incident:a1000000-0000-4000-8000-000000000001:1', ''),
  ('d0000000-0000-4000-8000-000000000004', 'queue:a4000000-0000-4000-8000-000000000001', ''),
  -- Malformed and other topics are refused without an error.
  ('a0000000-0000-4000-8000-000000000001', 'user:', ''),
  ('a0000000-0000-4000-8000-000000000001', 'user', ''),
  ('a0000000-0000-4000-8000-000000000001', '', ''),
  ('a0000000-0000-4000-8000-000000000001', 'user:me', ''),
  ('a0000000-0000-4000-8000-000000000001', 'user:a0000000-0000-4000-8000-000000000001:x', ''),
  ('a0000000-0000-4000-8000-000000000001', 'USER:a0000000-0000-4000-8000-000000000001', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:a0000000-0000-4000-8000-000000000001', ''),
  ('a0000000-0000-4000-8000-000000000001', 'incident:%', ''),
  ('a0000000-0000-4000-8000-000000000001', 'queue:''; drop table public.jobs; --', ''),
  ('a0000000-0000-4000-8000-000000000001', 'room:a1000000-0000-4000-8000-000000000001', '');

select plan((select count(*)::integer from expected) + 1);

select is(
  pg_temp.may(who, topic),
  may,
  format('%s on %s: %s', coalesce(left(who, 1), 'nobody'), topic, coalesce(nullif(may, ''), 'nothing'))
)
from expected;

set local role anon;
select set_config('request.jwt.claims', '{"role":"anon"}', true);
select set_config('realtime.topic', 'user:a0000000-0000-4000-8000-000000000001', true);
select is_empty('select from realtime.messages', 'visitors receive nothing');

select * from finish();
rollback;
