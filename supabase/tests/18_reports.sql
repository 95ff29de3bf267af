-- Reports: who may request one, one at a time for each incident, and automatic reports.

begin;
select plan(25);

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'owner@reports.test'),
  ('b0000000-0000-4000-8000-000000000002', 'stranger@reports.test'),
  ('b0000000-0000-4000-8000-000000000003', 'handler@reports.test');
insert into public.incidents (id, user_id, title, source) values
  ('c0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test'),
  ('c0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'Another', 'test');
insert into public.incident_members (incident_id, user_id, role) values
  ('c0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000003', 'handler');

-- Requests

set local role anon;
select throws_ok(
  $$ select public.request_report('c0000000-0000-4000-8000-000000000001') $$, '42501', null,
  'a visitor may not ask for a report'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "b0000000-0000-4000-8000-000000000002", "role": "authenticated"}';
select throws_ok(
  $$ select public.request_report('c0000000-0000-4000-8000-000000000001') $$, 'PT404', 'incident_not_found',
  'a stranger''s request is answered like one for an unknown incident'
);
select throws_ok(
  $$ select public.request_report('c0000000-0000-4000-8000-000000000009') $$, 'PT404', 'incident_not_found',
  'a request for an unknown incident is refused'
);
select throws_ok(
  $$ insert into public.reports (incident_id, user_id, origin)
     values ('c0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002', 'requested') $$,
  '42501', null, 'people cannot insert a report'
);

set local request.jwt.claims to '{"sub": "b0000000-0000-4000-8000-000000000003", "role": "authenticated"}';
select throws_ok(
  $$ select public.request_report('c0000000-0000-4000-8000-000000000001', 'English please') $$,
  'PT400', 'invalid_arguments', 'a language that is no BCP 47 tag is refused'
);
select throws_ok(
  $$ select public.request_report('c0000000-0000-4000-8000-000000000001', null) $$,
  'PT400', 'invalid_arguments', 'and not null'
);
create temporary table asked on commit drop as
select (public.request_report('c0000000-0000-4000-8000-000000000001', 'de')).*;
select results_eq(
  'select user_id, requested_by, origin, language from asked',
  $$ values (
    'a0000000-0000-4000-8000-000000000001'::uuid, 'b0000000-0000-4000-8000-000000000003'::uuid, 'requested', 'de'
  ) $$,
  'a handler may request a report, whose messages go to the owner of the incident'
);
set local request.jwt.claims to '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}';
select is(
  (public.request_report('c0000000-0000-4000-8000-000000000001')).id, (select id from asked),
  'each request gets the same report while that is queued'
);
select is(
  (select jsonb_build_object('kind', kind, 'status', status, 'subject', subject_id) from public.jobs),
  (select jsonb_build_object('kind', 'pdf', 'status', 'queued', 'subject', id) from asked),
  'several requests create one job, for that report'
);

reset role;
reset request.jwt.claims;
update public.jobs set status = 'processing';
select is(
  (public.request_report('c0000000-0000-4000-8000-000000000001')).id, (select id from asked),
  'each request gets the same report while that is processing'
);
update public.jobs set status = 'completed';
select isnt(
  (public.request_report('c0000000-0000-4000-8000-000000000001')).id, (select id from asked),
  'the next request after its end creates a new report'
);
select is(
  (select requested_by from public.reports where id <> (select id from asked)), null,
  'a report requested by service_role has no requester'
);
delete from public.jobs;
delete from public.reports;

-- Automatic reports

insert into public.documents (id, incident_id, user_id, kind, document_type, created_at)
select
  ('d0000000-0000-4000-8000-00000000000' || n)::uuid, 'c0000000-0000-4000-8000-000000000001',
  'a0000000-0000-4000-8000-000000000001', case n when 3 then 'audio' else 'photo' end, 'photo',
  now() + n * interval '1 second'
from generate_series(1, 3) as n;
create function pg_temp.end_work(p_document integer, p_status public.job_status) returns void language sql as $$
  update public.jobs as job set status = 'processing' from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid and job.id = document.job_id
    and job.status = 'queued';
  update public.jobs as job set status = p_status from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid and job.id = document.job_id;
$$;

select pg_temp.end_work(1, 'completed');
select pg_temp.end_work(2, 'failed');
select is((select count(*) from public.reports), 0::bigint, 'no report is created while a voice note is being transcribed');
select pg_temp.end_work(3, 'completed');
select results_eq(
  'select incident_id, user_id, origin, requested_by, language from public.reports',
  $$ values (
    'c0000000-0000-4000-8000-000000000001'::uuid, 'a0000000-0000-4000-8000-000000000001'::uuid, 'automatic',
    null::uuid, 'en'
  ) $$,
  'a report is queued when the last job of the incident''s documents has ended or failed'
);
select is(
  (select count(*) from public.jobs join public.reports on reports.job_id = jobs.id and reports.id = jobs.subject_id
   where jobs.kind = 'pdf' and jobs.status = 'queued'),
  1::bigint, 'with its job'
);

update public.jobs set status = 'processing' where kind = 'pdf';
update public.jobs set status = 'completed' where kind = 'pdf';
select is((select count(*) from public.reports), 1::bigint, 'the end of a report creates no other report');

select public.requeue_job((select job_id from public.documents where id = 'd0000000-0000-4000-8000-000000000002'));
select pg_temp.end_work(2, 'failed');
select is((select count(*) from public.reports), 1::bigint, 'a retried job that fails again creates no report');
select public.requeue_job((select job_id from public.documents where id = 'd0000000-0000-4000-8000-000000000002'));
select is((select count(*) from public.reports), 1::bigint, 'a retried job that is processing creates no report');
select pg_temp.end_work(2, 'completed');
select is((select count(*) from public.reports), 2::bigint, 'a retried job that is completed creates a report');

insert into public.documents (id, incident_id, user_id, kind, document_type)
values (
  'd0000000-0000-4000-8000-000000000004', 'c0000000-0000-4000-8000-000000000001',
  'a0000000-0000-4000-8000-000000000001', 'attachment', 'attachment'
);
select is((select count(*) from public.reports), 2::bigint, 'a document that arrives later delays the next report until its job ends');
select pg_temp.end_work(4, 'completed');
select is((select count(*) from public.reports), 3::bigint, 'the end of the later document''s job creates a report');
select is(
  (select count(distinct settled_key) from public.reports), 3::bigint, 'the automatic reports have different settled keys'
);

-- Every document of every incident at once, in one statement.
insert into public.documents (incident_id, user_id, kind, document_type)
select incident.id, incident.user_id, 'photo', 'photo' from public.incidents as incident, generate_series(1, 5);
update public.jobs set status = 'processing' where status = 'queued' and kind = 'image';
update public.jobs set status = 'completed' where status = 'processing' and kind = 'image';
select results_eq(
  $$ select incident_id, count(*) from public.reports group by 1 order by 1 $$,
  $$ values
     ('c0000000-0000-4000-8000-000000000001'::uuid, 4::bigint),
     ('c0000000-0000-4000-8000-000000000002'::uuid, 1::bigint) $$,
  'jobs that end in one statement create one report for each incident'
);

-- Work that is about no incident, or without documents.
insert into public.jobs (kind, user_id, subject_id)
values ('image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid());
insert into public.incidents (id, user_id, title, source)
values ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'Bare', 'test');
insert into public.jobs (kind, user_id, incident_id, subject_id)
values (
  'image', 'a0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000003', gen_random_uuid()
);
update public.jobs set status = 'failed' where status = 'queued' and kind = 'image';
select is((select count(*) from public.reports), 5::bigint, 'a job without a document creates no report');

delete from public.incidents;
select is((select count(*) from public.reports), 0::bigint, 'deleting an incident deletes its reports');

select * from finish();
rollback;
