-- Staff: who manages it, what a place on it opens and closes; and how users who lost access are cut off from topics.

begin;
select plan(57);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob', 'cleo', 'dora');
update auth.users set email_confirmed_at = now();
select tests.add_incident_of_ann();
update private.call_rates set burst = 1000;

create function pg_temp.incident() returns uuid
language sql immutable as $$ select 'a1000000-0000-4000-8000-000000000001'::uuid $$;

create function pg_temp.ending(p_who text, p_call text) returns text
language plpgsql as $$
begin
  perform tests.sign_in(p_who);
  set local role authenticated;
  execute 'select public.' || p_call;
  reset role;
  return 'ok';
exception
  when others then
    reset role;
    return sqlstate || ' ' || sqlerrm;
end;
$$;

-- Whether somebody may join the topic of this number, as Realtime asks.
create function pg_temp.may_join(p_who text, p_epoch integer) returns boolean
language plpgsql as $$
declare
  v_may boolean;
begin
  perform tests.sign_in(p_who);
  perform set_config('realtime.topic', format('incident:%s:%s', pg_temp.incident(), p_epoch), true);
  set local role authenticated;
  v_may := private.may_use_incident_topic();
  reset role;
  return v_may;
end;
$$;

create function pg_temp.topic(p_who text) returns text
language plpgsql as $$
declare
  v_topic text;
begin
  perform tests.sign_in(p_who);
  set local role authenticated;
  select topic into v_topic from public.incident_topics(array[pg_temp.incident()]);
  reset role;
  return split_part(v_topic, ':', 3);
end;
$$;

create function pg_temp.epoch() returns integer
language sql stable security definer as $$ select access_epoch from public.incidents where id = pg_temp.incident() $$;

-- The first admin is appointed by the operator.
select is(
  pg_temp.ending('ann', 'appoint_staff(''ann@claimwire.test'', ''admin'')'),
  '42501 permission denied for function appoint_staff', 'people cannot appoint themselves'
);
select is((public.appoint_staff('Dora@claimwire.test', 'admin')) ->> 'status', 'added', 'the operator appoints an admin');
select is((public.appoint_staff('later@claimwire.test', 'handler')) ->> 'status', 'invited', 'an address without an account is invited');
insert into auth.users (id, email, email_confirmed_at)
values ('e0000000-0000-4000-8000-000000000005', 'later@claimwire.test', now());
select is(
  (select role from public.staff where user_id = 'e0000000-0000-4000-8000-000000000005'), 'handler',
  'the account that is opened with a confirmed address has the place'
);
delete from auth.users where email = 'later@claimwire.test';

create temporary table expected (id serial, who text, call text, ending text);
insert into expected (who, call, ending) values
  (null, 'add_staff(''bob@claimwire.test'')', 'PT401 not_signed_in'),
  (null, 'set_staff_role(tests.user_id(''dora''), ''handler'')', 'PT401 not_signed_in'),
  (null, 'remove_staff(tests.user_id(''dora''))', 'PT401 not_signed_in'),
  ('ann', 'add_staff(''ann@claimwire.test'', ''admin'')', 'PT403 role_forbidden'),
  ('ann', 'set_staff_role(tests.user_id(''ann''), ''admin'')', 'PT403 role_forbidden'),
  ('ann', 'remove_staff(tests.user_id(''dora''))', 'PT403 role_forbidden'),
  ('dora', 'add_staff(''bob@claimwire.test'')', 'ok'),
  ('dora', 'add_staff(''bob@claimwire.test'', ''admin'')', 'PT409 already_member'),
  ('dora', 'add_staff(''bob'')', 'PT422 email_invalid'),
  ('dora', 'add_staff(''x@claimwire.test'', ''owner'')', 'PT400 invalid_arguments'),
  ('bob', 'add_staff(''cleo@claimwire.test'')', 'PT403 role_forbidden'),
  ('bob', 'set_staff_role(tests.user_id(''bob''), ''admin'')', 'PT403 role_forbidden'),
  ('bob', 'remove_staff(tests.user_id(''dora''))', 'PT403 role_forbidden'),
  ('dora', 'set_staff_role(tests.user_id(''ann''), ''admin'')', 'PT404 member_not_found'),
  ('dora', 'remove_staff(tests.user_id(''ann''))', 'PT404 member_not_found'),
  ('dora', 'set_staff_role(tests.user_id(''dora''), ''handler'')', 'PT409 last_admin'),
  ('dora', 'remove_staff(tests.user_id(''dora''))', 'PT409 last_admin');
select is(pg_temp.ending(who, call), ending, format('%s: %s ends with %s', coalesce(who, 'nobody'), call, ending))
from expected order by id;

select tests.sign_in('ann');
set local role authenticated;
select is_empty('select from public.staff', 'people who are not staff do not see who is');
select is_empty('select from public.staff_people()', 'nor their names');
reset role;
select tests.sign_in('bob');
set local role authenticated;
select set_eq(
  'select user_id, role from public.staff_people()',
  $$ values (tests.user_id('bob'), 'handler'), (tests.user_id('dora'), 'admin') $$,
  'staff see each other'
);
reset role;

-- Topics
select is(pg_temp.may_join('bob', 1), false, 'staff who did not ask for the topic may not join it');
select is(pg_temp.topic('bob'), '1', 'staff who see the case get the topic');
select is(pg_temp.may_join('bob', 1), true, 'staff who asked may join');
select is(pg_temp.topic('cleo'), null, 'a stranger gets no topic');
select is(pg_temp.may_join('cleo', 1), false, 'a stranger may not join');
select is(pg_temp.topic('dora'), '1', 'an admin gets the topic');
select is(pg_temp.may_join('bob', 2), false, 'nobody joins a topic before it is the current one');

-- Dora takes the case: Bob no longer sees it, and hears nothing more.
select count(*) from tests.broadcasts('incident:%');
select is(pg_temp.ending('dora', 'take_incident(pg_temp.incident())'), 'ok', 'Dora takes the case');
select is(pg_temp.epoch(), 2, 'the topic moves, because staff who looked at the case lose it');
select results_eq(
  $$ select topic, event, payload - 'timestamp' from tests.broadcasts('incident:%') limit 1 $$,
  $$ values ('incident:a1000000-0000-4000-8000-000000000001:1', 'incident_moved',
    '{"type": "incident_moved", "incidentId": "a1000000-0000-4000-8000-000000000001"}'::jsonb) $$,
  'the old topic says that it has moved, and nothing else'
);
select is(pg_temp.topic('bob'), null, 'the rest of the staff get no topic any more');
select is(pg_temp.may_join('bob', 2), false, 'nor may they join it');
select is(pg_temp.may_join('dora', 2), true, 'the handler may join the new topic');
select is(pg_temp.may_join('dora', 1), false, 'nobody may join the old topic');

-- A case that only its taker has looked at
insert into public.incidents (id, user_id, title, source)
values ('a1000000-0000-4000-8000-000000000002', tests.user_id('ann'), 'Ann''s second', 'test');
select tests.sign_in('bob');
select count(*) from public.incident_topics(array['a1000000-0000-4000-8000-000000000002'::uuid]);
select is(
  pg_temp.ending('bob', 'take_incident(''a1000000-0000-4000-8000-000000000002'')'), 'ok', 'Bob takes another case'
);
select is(
  (select access_epoch from public.incidents where id = 'a1000000-0000-4000-8000-000000000002'), 1,
  'the topic stays where nobody has lost access'
);
delete from public.incident_members where incident_id = 'a1000000-0000-4000-8000-000000000002';

-- Members who are removed
select is(pg_temp.ending('dora', 'add_member(pg_temp.incident(), ''cleo@claimwire.test'')'), 'ok', 'Cleo is added');
select is(pg_temp.epoch(), 2, 'an addition moves nothing');
select is(pg_temp.may_join('cleo', 2), true, 'a viewer may join');
select is(pg_temp.ending('ann', 'remove_member(pg_temp.incident(), tests.user_id(''cleo''))'), 'ok', 'Cleo is removed');
select is(pg_temp.epoch(), 3, 'a removal moves the topic');
select is(pg_temp.may_join('cleo', 3), false, 'a removed member may not join the new topic');

-- Staff who leave
select is(pg_temp.ending('dora', 'assign_incident(pg_temp.incident(), tests.user_id(''bob''))'), 'ok', 'Bob is assigned');
select is(pg_temp.ending('dora', 'remove_staff(tests.user_id(''bob''))'), 'ok', 'Bob leaves the firm');
select is(pg_temp.topic('bob'), null, 'a person who left the staff has lost the cases that they handled');
select is(pg_temp.epoch(), 4, 'and is cut off from their topics');
select is(
  (select array_agg(event order by id desc) from (select * from public.incident_events order by id desc limit 1) as last),
  array['unassigned'], 'the case says that its handler went'
);
update public.staff set role = 'admin' where user_id = tests.user_id('dora');
delete from public.incident_members where user_id = tests.user_id('dora');
select is((select unassigned from public.incidents where id = pg_temp.incident()), true, 'a case whose last handler went is unassigned');
select pg_temp.topic('dora');
select is(pg_temp.epoch(), 5, 'plain SQL moves the topic as well');
delete from public.staff where user_id = tests.user_id('dora');
select is(pg_temp.epoch(), 6, 'an admin who goes is cut off from the cases that they looked at');

-- Another owner
update public.incidents set user_id = tests.user_id('cleo') where id = pg_temp.incident();
select is(pg_temp.topic('ann'), null, 'a former owner sees the case no longer');
select is(pg_temp.epoch(), 7, 'a former owner is cut off');
select is(pg_temp.may_join('cleo', 7), true, 'the new owner may join');

select * from finish();
rollback;
