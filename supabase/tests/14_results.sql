-- Reports and transcripts: only members of the incident read them and their files, and people cannot write them.

begin;
select plan(6);

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'owner@results.test'),
  ('b0000000-0000-4000-8000-000000000002', 'stranger@results.test');
insert into public.incidents (id, user_id, title, source)
values ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test');
insert into public.documents (id, incident_id, user_id, kind, document_type)
values (
  'd0000000-0000-4000-8000-000000000004', 'c0000000-0000-4000-8000-000000000003',
  'a0000000-0000-4000-8000-000000000001', 'audio', 'audio'
);
insert into public.reports (id, incident_id, user_id, origin)
values (
  'e0000000-0000-4000-8000-000000000005', 'c0000000-0000-4000-8000-000000000003',
  'a0000000-0000-4000-8000-000000000001', 'automatic'
);
insert into storage.objects (bucket_id, name)
values ('reports', 'c0000000-0000-4000-8000-000000000003/e0000000-0000-4000-8000-000000000005/report.pdf');

set local role authenticated;
set local request.jwt.claims to '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}';
select is((select count(*) from public.reports), 1::bigint, 'the owner reads the report');
select is((select count(*) from public.transcriptions), 1::bigint, 'the owner reads the transcription of the voice note');
select is((select count(*) from storage.objects where bucket_id = 'reports'), 1::bigint, 'the owner reads the report''s file');

set local request.jwt.claims to '{"sub": "b0000000-0000-4000-8000-000000000002", "role": "authenticated"}';
select is((select count(*) from public.reports), 0::bigint, 'a stranger reads no report');
select is((select count(*) from public.transcriptions), 0::bigint, 'a stranger reads no transcription');
select is((select count(*) from storage.objects), 0::bigint, 'a stranger reads no file');

select * from finish();
rollback;
