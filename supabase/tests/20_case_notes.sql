-- Case notes: only members read and write them, once per id, under their own name.

begin;
select plan(22);

insert into auth.users (id, email, raw_user_meta_data) values
  ('a0000000-0000-4000-8000-000000000001', 'owner@notes.test', '{}'),
  ('b0000000-0000-4000-8000-000000000002', 'stranger@notes.test', '{}'),
  ('e0000000-0000-4000-8000-000000000005', 'handler@notes.test', '{"full_name": "Hanna Handler"}');
insert into public.incidents (id, user_id, title, source) values
  ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test'),
  ('c0000000-0000-4000-8000-000000000004', 'a0000000-0000-4000-8000-000000000001', 'Alone', 'test');
insert into public.incident_members (incident_id, user_id, role)
values ('c0000000-0000-4000-8000-000000000003', 'e0000000-0000-4000-8000-000000000005', 'handler');

create temporary view sent as
select messages.topic, messages.event, messages.payload from realtime.messages as messages;
grant select on sent to authenticated;

set local role authenticated;
set local request.jwt.claims to '{"sub": "e0000000-0000-4000-8000-000000000005", "role": "authenticated"}';

select is(
  (
    select note.body || ' by ' || note.author_id
    from public.add_case_note(
      'c0000000-0000-4000-8000-000000000003', E'  called\u0007 the garage\r\n', 'f0000000-0000-4000-8000-000000000001'
    ) as note
  ),
  'called the garage by e0000000-0000-4000-8000-000000000005',
  'a member adds a note: cleaned, under their own name'
);
select is(
  (
    select note.body
    from public.add_case_note(
      'c0000000-0000-4000-8000-000000000003', 'another text', 'f0000000-0000-4000-8000-000000000001'
    ) as note
  ),
  'called the garage',
  'the same id again is the same note'
);
select is((select count(*) from public.case_notes), 1::bigint, 'a repeated id adds no second note');
select lives_ok(
  $$ select public.add_case_note('c0000000-0000-4000-8000-000000000003', repeat('x', 4000)) $$,
  'a note without an id is given one; 4,000 characters fit'
);
select throws_ok(
  $$ select public.add_case_note('c0000000-0000-4000-8000-000000000003', repeat('x', 4001)) $$,
  'PT413', 'message_too_large', 'a longer note is refused and not cut'
);
select throws_ok(
  $$ select public.add_case_note('c0000000-0000-4000-8000-000000000003', E' \t\n') $$,
  'PT400', 'invalid_arguments', 'an empty note is refused'
);
select throws_ok(
  $$ select public.add_case_note('c0000000-0000-4000-8000-000000000004', 'x') $$,
  'PT403', 'topic_forbidden', 'a note about an incident of others is refused'
);
select throws_ok(
  $$ select public.add_case_note(null, 'x') $$, 'PT403', 'topic_forbidden', 'nor about none'
);
select throws_ok(
  $$ insert into public.case_notes (incident_id, author_id, body)
     values ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'forged') $$,
  '42501', null, 'people cannot insert a note'
);
select throws_ok($$ update public.case_notes set body = 'x' $$, '42501', null, 'people cannot change a note');
select throws_ok($$ delete from public.case_notes $$, '42501', null, 'people cannot delete a note');
select set_eq(
  $$ select name || ': ' || role from public.incident_people('c0000000-0000-4000-8000-000000000003') $$,
  array['owner@notes.test: owner', 'Hanna Handler: handler'],
  'members see the names of the other members'
);

set local request.jwt.claims to '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}';
select is((select count(*) from public.case_notes), 2::bigint, 'the owner, too, reads the notes');
select throws_ok(
  $$ select public.add_case_note(
       'c0000000-0000-4000-8000-000000000003', 'mine', 'f0000000-0000-4000-8000-000000000001') $$,
  'PT400', 'invalid_arguments', 'another''s note is not taken over by its id'
);

set local request.jwt.claims to '{"sub": "b0000000-0000-4000-8000-000000000002", "role": "authenticated"}';
select is((select count(*) from public.case_notes), 0::bigint, 'a stranger reads no note');
select is(
  (select count(*) from public.incident_people('c0000000-0000-4000-8000-000000000003')), 0::bigint, 'and no name'
);

set local request.jwt.claims to '{"role": "authenticated"}';
select throws_ok(
  $$ select public.add_case_note('c0000000-0000-4000-8000-000000000003', 'x') $$,
  'PT401', 'not_signed_in', 'a note of a caller who is not signed in is refused'
);

reset role;
select is(
  (select count(*) from sent where topic = 'incident:c0000000-0000-4000-8000-000000000003:1'), 2::bigint,
  'each note sends one message to the members'
);

-- Jobs of an incident with several members.
insert into public.jobs (kind, user_id, incident_id, subject_id)
select 'image', incident.user_id, incident.id, gen_random_uuid()
from public.incidents as incident, generate_series(1, 3);
select is(
  (
    select count(*) from sent
    where topic = 'incident:c0000000-0000-4000-8000-000000000003:1' and payload ->> 'table' = 'jobs'
  ),
  1::bigint, 'many new jobs of one statement send one message to the other members'
);
select is(
  (select count(*) from sent where topic = 'incident:c0000000-0000-4000-8000-000000000004:1'), 0::bigint,
  'an incident without other members sends no message'
);

update public.jobs set status = 'processing';
update public.jobs set lease_expires_at = lease_expires_at + interval '1 minute';
select is(
  (
    select count(*) from sent
    where topic = 'incident:c0000000-0000-4000-8000-000000000003:1' and payload ->> 'table' = 'jobs'
  ),
  2::bigint, 'many changed jobs of one statement send one message to the other members'
);
update public.jobs set stage = 'storing';
select is(
  (
    select count(*) from sent
    where topic = 'incident:c0000000-0000-4000-8000-000000000003:1' and payload ->> 'table' = 'jobs'
  ),
  3::bigint, 'a new stage sends a message to the other members, a heartbeat does not'
);

select * from finish();
rollback;
