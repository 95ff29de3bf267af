-- Status updates of other services: finished ones, and work with progress. The statuses are the service's own.

begin;
select plan(32);

set constraints all immediate;
select tests.add_users('ann', 'bob');
insert into public.incidents (id, user_id, title, source)
values ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test');

create temporary table sent (name text primary key, id uuid);
grant select, insert on sent to service_role;
create function pg_temp.id(p_name text) returns uuid language sql as $$ select id from sent where name = p_name $$;
create function pg_temp.told(p_name text) returns setof jsonb language sql security definer as $$
  select payload - '{jobId,subjectId,incidentId,revision,timestamp,seq,epoch,processingDuration}'::text[]
  from public.notifications where job_id = pg_temp.id(p_name) order by seq
$$;
create function pg_temp.broadcasts(p_name text) returns bigint language sql security definer as $$
  select count(*) from realtime.messages where payload ->> 'jobId' = pg_temp.id(p_name)::text
$$;

select ok(
  not has_function_privilege('authenticated', p.oid, 'execute') and not has_function_privilege('anon', p.oid, 'execute'),
  'people may not call ' || p.proname
)
from pg_proc as p
where p.proname in ('send_status_update', 'advance_status_update');

set local role service_role;

-- At once
insert into sent
select 'found', (public.send_status_update(
  'vehicle_lookup', 'vehicle:AB-123', 'found',
  p_incident_id => 'c0000000-0000-4000-8000-000000000003',
  p_data => '{"make": "Opel", "note": "ok\u0007"}'
) ->> 'jobId')::uuid;
select results_eq(
  $$ select pg_temp.told('found') $$,
  $$ values ('{"type": "status_update", "updateType": "vehicle_lookup", "resource": "vehicle:AB-123", "status": "found",
    "state": "completed", "progress": 100, "reason": "owner", "data": {"make": "Opel", "note": "ok"}}'::jsonb) $$,
  'the owner of the incident has one notification, with the service''s status and cleaned texts'
);
select is(pg_temp.broadcasts('found'), 1::bigint, 'the update is broadcast once');
select results_eq(
  $$ select status::text, attempts::integer, progress::integer, user_id from public.jobs where id = pg_temp.id('found') $$,
  $$ values ('completed', 0, 100, 'a0000000-0000-4000-8000-000000000001'::uuid) $$,
  'the update has a completed job'
);
insert into sent
select 'not found', (public.send_status_update(
  'vehicle_lookup', 'vehicle:XX', 'not found', 'b0000000-0000-4000-8000-000000000002',
  p_state => 'failed', p_error => 'No such plate.'
) ->> 'jobId')::uuid;
select results_eq(
  $$ select pg_temp.told('not found') $$,
  $$ values ('{"type": "status_update", "updateType": "vehicle_lookup", "resource": "vehicle:XX", "status": "not found",
    "state": "failed", "progress": 0, "error": "No such plate.", "errorCode": "reported_failed"}'::jsonb) $$,
  'a failed update has a failed job'
);

select is(
  public.send_status_update(
    'a', 'b', 'c', 'a0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000003'
  ) ->> 'userId',
  'a0000000-0000-4000-8000-000000000001', 'the owner may be named beside the incident'
);

-- Twice
insert into sent
select 'once', (public.send_status_update(
  'a', 'b', 'c', 'a0000000-0000-4000-8000-000000000001', p_idempotency_key => 'key-1'
) ->> 'jobId')::uuid;
select is(
  public.send_status_update('a', 'b', 'c', 'a0000000-0000-4000-8000-000000000001', p_idempotency_key => 'key-1')
    - '{userId,incidentId}'::text[],
  jsonb_build_object('jobId', pg_temp.id('once'), 'state', 'completed', 'duplicate', true),
  'the same key again is the same update'
);
select is((select count(*) from pg_temp.told('once')), 1::bigint, 'a repeated key sends no second notification');
select throws_ok(
  $$ select public.send_status_update('a', 'b', 'd', 'a0000000-0000-4000-8000-000000000001', p_idempotency_key => 'key-1') $$,
  'PT409', 'idempotency_conflict', 'the same key with another request is refused'
);

-- Refused
select throws_ok(
  format('select public.send_status_update(%s)', arguments), sqlstate_, code, 'refused: ' || arguments
)
from (values
  ($$ 'a b', 'r', 's', 'a0000000-0000-4000-8000-000000000001' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', ' ', 's', 'a0000000-0000-4000-8000-000000000001' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', repeat('r', 201), 's', 'a0000000-0000-4000-8000-000000000001' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', '', 'a0000000-0000-4000-8000-000000000001' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', repeat('s', 51), 'a0000000-0000-4000-8000-000000000001' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', 's' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', 's', 'a0000000-0000-4000-8000-000000000001', p_state => 'queued' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', 's', 'a0000000-0000-4000-8000-000000000001', p_error => 'x' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', 's', 'b0000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000003' $$, 'PT400', 'invalid_arguments'),
  ($$ 'a', 'r', 's', p_incident_id => 'c0000000-0000-4000-8000-00000000000f' $$, 'PT404', 'incident_not_found'),
  ($$ 'a', 'r', 's', 'a0000000-0000-4000-8000-00000000000f' $$, 'PT422', 'user_unknown'),
  ($$ 'a', 'r', 's', 'a0000000-0000-4000-8000-000000000001', p_data => to_jsonb(repeat('x', 33000)) $$, 'PT413', 'message_too_large')
) as refused (arguments, sqlstate_, code);

-- Work that takes a while
insert into sent
select 'long', (public.send_status_update(
  'vehicle_lookup', 'vehicle:1', 'searching', 'a0000000-0000-4000-8000-000000000001', p_state => 'processing'
) ->> 'jobId')::uuid;
select is(
  public.advance_status_update(pg_temp.id('long'), p_status => 'asking abroad', p_progress => 50) ->> 'state',
  'processing', 'it goes on'
);
select is(pg_temp.broadcasts('long'), 2::bigint, 'start and progress of the work are broadcast');
select is(
  public.advance_status_update(pg_temp.id('long'), 'completed', 'found', p_data => '{"make": "Seat"}') ->> 'state',
  'completed', 'and ends'
);
select is(
  public.advance_status_update(pg_temp.id('long'), 'completed', 'found') ->> 'duplicate', 'true', 'completing the update again changes nothing'
);
select throws_ok(
  $$ select public.advance_status_update(pg_temp.id('long'), 'failed', p_error => 'No.') $$,
  'PT409', 'illegal_transition', 'a completed update cannot fail'
);
select results_eq(
  $$ select told ->> 'state', told ->> 'status', told #>> '{data,make}' from pg_temp.told('long') as told $$,
  $$ values ('processing', 'searching', null), ('completed', 'found', 'Seat') $$,
  'start and end of the work are stored as one notification each'
);
select throws_ok(
  $$ select public.advance_status_update(gen_random_uuid()) $$, 'PT404', 'job_not_found', 'an unknown update cannot be advanced'
);

-- A service that goes silent
insert into sent
select 'silent', (public.send_status_update(
  'vehicle_lookup', 'vehicle:2', 'searching', 'a0000000-0000-4000-8000-000000000001', p_state => 'processing'
) ->> 'jobId')::uuid;
reset role;
update public.jobs set lease_expires_at = now() - interval '1 second' where id = pg_temp.id('silent');
select public.sweep_jobs();
select results_eq(
  $$ select told ->> 'state', told ->> 'status', told ->> 'errorCode' from pg_temp.told('silent') as told $$,
  $$ values ('processing', 'searching', null), ('failed', 'failed', 'lease_expired') $$,
  'the work of a silent service fails when its lease expires'
);

-- By plain SQL, in bulk
insert into public.jobs (kind, user_id, subject_id, status, input, result)
select 'status', 'b0000000-0000-4000-8000-000000000002', gen_random_uuid(), 'completed',
  jsonb_build_object('updateType', 'recall', 'resource', 'vehicle:' || n), '{"status": "announced"}'
from generate_series(1, 20) as n;
select is(
  (select count(*) from public.notifications
   where user_id = 'b0000000-0000-4000-8000-000000000002' and payload ->> 'status' = 'announced'),
  20::bigint, 'many updates inserted by plain SQL have a notification each'
);
select throws_ok(
  $$ insert into public.jobs (kind, user_id, subject_id, status)
     values ('image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid(), 'completed') $$,
  'PT409', 'illegal_transition', 'kinds whose work is done here still begin as queued'
);

select * from finish();
rollback;
