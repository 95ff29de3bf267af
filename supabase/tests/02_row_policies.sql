-- Row level security of incidents, members, documents, jobs and notifications: what each caller sees, and what is
-- refused. Ann owns incident a and Bob handles it; Bob owns incident b, Cleo nothing.

begin;
select plan(37);

select tests.add_users('ann', 'bob', 'cleo');
insert into public.incidents (id, user_id, title, source) values
  ('a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Ann''s', 'test'),
  ('b1000000-0000-4000-8000-000000000002', 'b0000000-0000-4000-8000-000000000002', 'Bob''s', 'test');
-- Bob's membership of his own incident is not stored: the owner counts as a member all the same.
insert into public.incident_members (incident_id, user_id, role) values
  ('a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'owner'),
  ('a1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002', 'handler');
insert into public.jobs (id, kind, user_id, incident_id, subject_id, queue_id) values
  ('a2000000-0000-4000-8000-000000000001', 'image', 'a0000000-0000-4000-8000-000000000001',
   'a1000000-0000-4000-8000-000000000001', 'a3000000-0000-4000-8000-000000000001', null),
  ('b2000000-0000-4000-8000-000000000002', 'image', 'b0000000-0000-4000-8000-000000000002',
   'b1000000-0000-4000-8000-000000000002', 'b3000000-0000-4000-8000-000000000002', null),
  ('c2000000-0000-4000-8000-000000000003', 'image', 'c0000000-0000-4000-8000-000000000003',
   null, 'c3000000-0000-4000-8000-000000000003', null);
insert into public.documents (id, incident_id, user_id, job_id, kind, document_type) values
  ('a3000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001',
   'a0000000-0000-4000-8000-000000000001', 'a2000000-0000-4000-8000-000000000001', 'photo', 'photo'),
  ('b3000000-0000-4000-8000-000000000002', 'b1000000-0000-4000-8000-000000000002',
   'b0000000-0000-4000-8000-000000000002', 'b2000000-0000-4000-8000-000000000002', 'photo', 'photo');
update public.jobs set status = 'processing' where id::text like '_2000000-%';

set local role authenticated;

-- Ann
select tests.sign_in('ann');
select results_eq('select title from public.incidents', array['Ann''s'], 'an owner sees her incident and no other');
select is((select count(*) from public.incident_members), 2::bigint, 'an owner sees the members of her incident');
select results_eq(
  'select id from public.documents', array['a3000000-0000-4000-8000-000000000001'::uuid], 'an owner sees her documents'
);
select results_eq(
  'select id from public.jobs', array['a2000000-0000-4000-8000-000000000001'::uuid], 'an owner sees her jobs'
);
select results_eq(
  'select distinct user_id from public.notifications',
  array['a0000000-0000-4000-8000-000000000001'::uuid],
  'people see their own notifications only'
);

-- Bob, a handler of Ann's incident
select tests.sign_in('bob');
select set_eq(
  'select title from public.incidents', array['Ann''s', 'Bob''s'], 'a handler sees the incident beside his own'
);
select set_eq(
  'select id from public.documents',
  array['a3000000-0000-4000-8000-000000000001'::uuid, 'b3000000-0000-4000-8000-000000000002'],
  'a handler sees its documents'
);
select set_eq(
  'select id from public.jobs',
  array['a2000000-0000-4000-8000-000000000001'::uuid, 'b2000000-0000-4000-8000-000000000002'],
  'a handler sees its jobs'
);
select results_eq(
  'select distinct user_id from public.notifications',
  array['b0000000-0000-4000-8000-000000000002'::uuid],
  'a handler does not see the owner''s notifications'
);

-- Cleo, a stranger
select tests.sign_in('cleo');
select is_empty('select from public.incidents', 'a stranger sees no incident');
select is_empty('select from public.incident_members', 'a stranger sees no members');
select is_empty('select from public.documents', 'a stranger sees no document');
select results_eq(
  'select id from public.jobs',
  array['c2000000-0000-4000-8000-000000000003'::uuid],
  'people see their own job without an incident'
);

-- Writes are refused.
select throws_ok(
  $$ insert into public.incidents (user_id, title, source) values (auth.uid(), 'mine', 'test') $$,
  '42501', null, 'people cannot add incidents'
);
select throws_ok($$ update public.incidents set title = 'x' $$, '42501', null, 'people cannot change incidents');
select throws_ok($$ delete from public.incidents $$, '42501', null, 'people cannot delete incidents');
select throws_ok(
  $$ insert into public.incident_members (incident_id, user_id, role)
     values ('a1000000-0000-4000-8000-000000000001', auth.uid(), 'handler') $$,
  '42501', null, 'people cannot make themselves members'
);
select throws_ok(
  $$ insert into public.documents (incident_id, user_id, kind, document_type)
     values ('a1000000-0000-4000-8000-000000000001', auth.uid(), 'photo', 'photo') $$,
  '42501', null, 'people cannot add documents'
);
select throws_ok($$ update public.documents set sha256 = null $$, '42501', null, 'people cannot change documents');
select throws_ok(
  $$ insert into public.jobs (kind, user_id, subject_id) values ('image', auth.uid(), gen_random_uuid()) $$,
  '42501', null, 'people cannot add jobs'
);
select throws_ok(
  $$ update public.jobs set status = 'failed' where id = 'c2000000-0000-4000-8000-000000000003' $$,
  '42501', null, 'people cannot change even their own jobs'
);
select throws_ok($$ delete from public.jobs $$, '42501', null, 'people cannot delete jobs');
select throws_ok(
  $$ insert into public.notifications (user_id, seq, epoch, type, payload)
     values (auth.uid(), 99, gen_random_uuid(), 'image_processed', '{}') $$,
  '42501', null, 'people cannot add notifications'
);
select throws_ok($$ update public.notifications set payload = '{}' $$, '42501', null, 'people cannot change a message');
select throws_ok($$ delete from public.notifications $$, '42501', null, 'people cannot delete notifications');
select throws_ok('select from private.notification_heads', '42501', null, 'people cannot read heads');
select throws_ok('select from private.job_kinds', '42501', null, 'people cannot read the type mapping');
select throws_ok('select from private.job_nudges', '42501', null, 'people cannot read nudges');
select throws_ok(
  'update public.notifications set read_at = now()', '42501', null, 'people cannot mark notifications by an update, which would not tell their devices'
);
select throws_ok('select from private.devices', '42501', null, 'people cannot read devices');
select throws_ok('select from private.limits', '42501', null, 'people cannot read limits');
select throws_ok('select from private.call_buckets', '42501', null, 'people cannot read the buckets');
select lives_ok('select public.mark_notifications(p_up_to => 99, p_read => true)', 'people may mark notifications');

-- A visitor, and a token without a user
set local role anon;
select set_config('request.jwt.claims', '{"role":"anon"}', true);
select throws_ok('select from public.incidents', '42501', null, 'visitors cannot read incidents');
select throws_ok('select from public.notifications', '42501', null, 'visitors cannot read notifications');
set local role authenticated;
select tests.sign_in(null);
select is_empty('select from public.jobs', 'a token without a user sees no job');

reset role;
select results_eq(
  'select user_id from public.notifications where read_at is not null',
  array['c0000000-0000-4000-8000-000000000003'::uuid],
  'mark_notifications marks the caller''s notifications and no others'
);

select * from finish();
rollback;
