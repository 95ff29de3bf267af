-- Completing an incident: members set what they give and nothing else; the others are told; a failed report can then
-- be tried again.

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
where messages.topic = 'incident:c0000000-0000-4000-8000-000000000003' and messages.payload ->> 'table' = 'incidents';
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
  'a member sets the day'
);
select is(pg_temp.incident(), 'Crash|-|2026-11-20', 'and nothing else');
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
  'and the title'
);
select is(pg_temp.incident(), E'Crash at the mill|a van hit\nme|2026-11-20', 'which is one line; the rest is kept');
select lives_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', '2026-11-20', E'a van hit\nme', 'Crash at the mill') $$,
  'the same values again are no error'
);

select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003') $$,
  'PT400', 'invalid_arguments', 'nothing is no change'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_description => E' \t\u202e') $$,
  'PT400', 'invalid_arguments', 'what is there is not blanked'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => '') $$,
  'PT400', 'invalid_arguments', 'nor the title'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => 'infinity') $$,
  'PT400', 'invalid_arguments', 'no day that is none'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => current_date + 2) $$,
  'PT400', 'invalid_arguments', 'nor one to come'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_occurred_on => '0026-11-20') $$,
  'PT400', 'invalid_arguments', 'nor one of long ago'
);
select lives_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', current_date, repeat('x', 20000), repeat('x', 200)) $$,
  '20,000 and 200 characters fit, and a crash of today'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_description => repeat('x', 20001)) $$,
  'PT413', 'message_too_large', 'more do not, and nothing is cut'
);
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => repeat('x', 201)) $$,
  'PT413', 'message_too_large', 'of a title either'
);

select pg_temp.as_user('b0000000-0000-4000-8000-000000000002');
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => 'Mine') $$,
  'PT404', 'incident_not_found', 'a stranger changes nothing'
);
select throws_ok(
  $$ select public.update_incident(null, p_title => 'Mine') $$,
  'PT404', 'incident_not_found', 'nor does anybody change no incident'
);
set local request.jwt.claims to '{"role": "authenticated"}';
select throws_ok(
  $$ select public.update_incident('c0000000-0000-4000-8000-000000000003', p_title => 'Mine') $$,
  'PT401', 'not_signed_in', 'nor anybody who is not signed in'
);
select throws_ok($$ update public.incidents set title = 'x' $$, '42501', null, 'nor anybody past the function');

select pg_temp.as_user('a0000000-0000-4000-8000-000000000001');
select is(
  (select status::text from public.requeue_job((select job_id from public.reports))), 'queued',
  'the owner tries the failed report again'
);

reset role;
select is((select count(*) from sent), 4::bigint, 'the members are told of each change, and of nothing else');
select is(
  (
    select payload - array['timestamp', 'id'] from sent
    where payload ->> 'userId' = 'e0000000-0000-4000-8000-000000000005' limit 1
  ),
  '{
    "type": "realtime_update", "table": "incidents", "incidentId": "c0000000-0000-4000-8000-000000000003",
    "userId": "e0000000-0000-4000-8000-000000000005"
  }',
  'with who did it, for the incident to be read anew'
);
select is((select answers from public.incidents), '[{"ref": "x"}]', 'what the reporter answered is kept');

select * from finish();
rollback;
