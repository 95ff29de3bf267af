-- Completing an incident: members set the given columns and no others; the other members get a message; a failed report
-- can then be requeued.

begin;
select plan(23);

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'owner@update.test'),
  ('b0000000-0000-4000-8000-000000000002', 'stranger@update.test'),
  ('e0000000-0000-4000-8000-000000000005', 'handler@update.test');
insert into public.incidents (id, user_id, title, source, answers) values
  ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test', '[{"ref": "x"}]');
insert into public.incident_members (incident_id, user_id, role)
values ('c0000000-0000-4000-8000-000000000003', 'e0000000-0000-4000-8000-000000000005', 'handler');

create temporary view sent as
select messages.payload from realtime.messages as messages
where messages.topic = 'incident:c0000000-0000-4000-8000-000000000003:1' and messages.payload ->> 'table' = 'incidents';
grant select on sent to authenticated;

create function pg_temp.as_user(p_user_id text) returns void language sql as $$
  select set_config('request.jwt.claims', json_build_object('sub', p_user_id, 'role', 'authenticated')::text, true);
$$;
create function pg_temp.incident() returns text language sql as $$
  select concat_ws('|', title, coalesce(description, '-'), coalesce(occurred_on::text, '-'))
  from public.incidents where id = 'c0000000-0000-4000-8000-000000000003';
$$;

-- The report of an incomplete incident has failed.
select public.request_report('c0000000-0000-4000-8000-000000000003');
update public.jobs set status = 'failed', error_code = 'report_incomplete', error = 'Missing required fields: incident_date';

set local role authenticated;
select pg_temp.as_user('e0000000-0000-4000-8000-000000000005');

select lives_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => '2026-11-20') $$,
  'a member may set the day'
);
select is(pg_temp.incident(), 'Crash|-|2026-11-20', 'setting the day changes no other column');
select is(
  (
    select incident.description || ' by ' || incident.title
    from public.update_incident(
      'c0000000-0000-4000-8000-000000000003', p_description => E'  a van\u202e hit\r\nme\u0007 '
    ) as incident
  ),
  E'a van hit\nme by Crash', 'a description is cleaned, and the incident returned'
);
select lives_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => E'Crash\nat the mill') $$,
  'a member may set the title'
);
select is(pg_temp.incident(), E'Crash at the mill|a van hit\nme|2026-11-20', 'the title is cleaned to one line; the other columns are kept');
select lives_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', '2026-11-20', E'a van hit\nme', 'Crash at the mill') $$,
  'the same values again are no error'
);

select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003') $$,
  'PT400', 'invalid_arguments', 'a call without values is refused'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_description => E' \t\u202e') $$,
  'PT400', 'invalid_arguments', 'a blank value is refused'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => '') $$,
  'PT400', 'invalid_arguments', 'an empty title is refused'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => 'infinity') $$,
  'PT400', 'invalid_arguments', 'an invalid day is refused'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => current_date + 2) $$,
  'PT400', 'invalid_arguments', 'a day in the future is refused'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => '0026-11-20') $$,
  'PT400', 'invalid_arguments', 'a day before the earliest one is refused'
);
select lives_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', current_date, repeat('x', 20000), repeat('x', 200)) $$,
  '20,000 and 200 characters fit, and a crash of today'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_description => repeat('x', 20001)) $$,
  'PT413', 'message_too_large', 'a longer description is refused and not cut'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => repeat('x', 201)) $$,
  'PT413', 'message_too_large', 'a longer title is refused and not cut'
);

select pg_temp.as_user('b0000000-0000-4000-8000-000000000002');
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => 'Mine') $$,
  'PT404', 'incident_not_found', 'a stranger changes nothing'
);
select throws_ok(
  $$ select public.update_incident(null, p_title => 'Mine') $$,
  'PT404', 'incident_not_found', 'a call without an incident is refused'
);
set local request.jwt.claims to '{"role": "authenticated"}';
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => 'Mine') $$,
  'PT401', 'not_signed_in', 'a caller who is not signed in is refused'
);
select throws_ok($$ update public.incidents set title = 'x' $$, '42501', null, 'people cannot update incidents');

select pg_temp.as_user('a0000000-0000-4000-8000-000000000001');
select is(
  (select status::text from public.requeue_job((select job_id from public.reports))), 'queued',
  'the owner may requeue the failed report'
);

reset role;
select is((select count(*) from sent), 4::bigint, 'the members get one message for each change and no other message');
select is(
  (
    select payload - array['timestamp', 'id'] from sent
    where payload ->> 'userId' = 'e0000000-0000-4000-8000-000000000005' limit 1
  ),
  '{
    "type": "realtime_update", "table": "incidents", "incidentId": "c0000000-0000-4000-8000-000000000003",
    "userId": "e0000000-0000-4000-8000-000000000005"
  }',
  'the message names the incident and the member who changed it'
);
select is((select answers from public.incidents), '[{"ref": "x"}]', 'the answers of the reporter are unchanged');

select * from finish();
rollback;
