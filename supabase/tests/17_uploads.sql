-- Uploads: members put files into their incident's folder and submit them; nobody else does, nothing is overwritten, and
-- what is not submitted goes. Ann owns incident a, Bob handles it, Cleo is a stranger.

begin;
select plan(40);

select tests.add_users('ann', 'bob', 'cleo');
insert into public.incidents (id, user_id, title, source) values
  ('a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Ann''s', 'test'),
  ('a2000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'Ann''s other', 'test');
insert into public.incident_members (incident_id, user_id, role) values
  ('a1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002', 'handler');

create function pg_temp.put(p_name text)
returns void
language plpgsql
as $$
begin
  -- As the Storage server does it: nothing is read back.
  insert into storage.objects (bucket_id, name, owner_id) values ('uploads', p_name, auth.uid()::text);
end;
$$;

select results_eq(
  $$ select public, file_size_limit from storage.buckets where id = 'uploads' $$,
  $$ values (false, 26214400::bigint) $$,
  'the bucket is private and limited to 25 MB a file'
);

set local role authenticated;
select tests.sign_in('ann');
select lives_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000001') $$,
  'an owner uploads into her incident''s folder'
);
select throws_ok(format('select pg_temp.put(%L)', name), '42501', null, 'but not to ' || name)
from unnest(array[
  'e0000000-0000-4000-8000-000000000001',
  'a1000000-0000-4000-8000-000000000001/photo.jpg',
  'a1000000-0000-4000-8000-000000000001/',
  'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002/more',
  'A1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002',
  '../a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002',
  'a1000000-0000-4000-8000-000000000009/e0000000-0000-4000-8000-000000000002'
]) as name;
select throws_ok(
  $$ insert into storage.objects (bucket_id, name)
     values ('originals', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002') $$,
  '42501', null, 'and to no other bucket'
);
select is_empty($$ select from storage.objects where bucket_id = 'uploads' $$, 'nobody reads uploads, not even their own');

select tests.sign_in('bob');
select lives_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002') $$, 'so does a handler'
);
select tests.sign_in('cleo');
select throws_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000003') $$,
  '42501', null, 'a stranger cannot'
);
select throws_ok(
  $$ select public.submit_upload(
       'a1000000-0000-4000-8000-000000000001',
       'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000001', 'x.jpg'
     ) $$,
  'PT404', 'incident_not_found', 'nor submit what others have uploaded'
);
select set_config('request.jwt.claims', '{"role": "authenticated"}', true);
select throws_ok(
  $$ select public.submit_upload('a1000000-0000-4000-8000-000000000001', 'x', 'x.jpg') $$,
  'PT401', 'not_signed_in', 'a token without a user submits nothing'
);
set local role anon;
select throws_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000004') $$,
  '42501', null, 'a visitor uploads nothing'
);
select throws_ok(
  $$ select public.submit_upload('a1000000-0000-4000-8000-000000000001', 'x', 'x.jpg') $$,
  '42501', null, 'and submits nothing'
);

set local role authenticated;
select tests.sign_in('bob');
create temporary table submitted as
select (public.submit_upload(
  'a1000000-0000-4000-8000-000000000001',
  'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002', E'C:\\photos/..\\Left \u202eside\u0007.JPG'
)).*;
select is((select count(*) from submitted), 1::bigint, 'a member submits an upload');
reset role;
select results_eq(
  'select user_id, kind, document_type, file_name, source_url from submitted',
  $$ values ('a0000000-0000-4000-8000-000000000001'::uuid, 'photo', 'photo', 'Left side.JPG', null::text) $$,
  'the document is its owner''s, its kind is the name''s, and the name is safe'
);
select is(
  (select job.kind from public.jobs as job join submitted on submitted.job_id = job.id), 'image', 'its work has begun'
);
set local role authenticated;
select tests.sign_in('ann');
select is(
  (select (public.submit_upload(
    'a1000000-0000-4000-8000-000000000001',
    'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002', 'other.pdf'
  )).id),
  (select id from public.documents where source_path like '%000000000002'), 'again, by whomever, it is the same document'
);
select is((select count(*) from public.documents), 1::bigint, 'and there is one');
select is(
  (select (public.submit_upload(
    'a1000000-0000-4000-8000-000000000001',
    'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000001', 'note.m4a'
  )).kind),
  'audio', 'a voice note is one'
);
select is((select count(*) from public.transcriptions), 1::bigint, 'and is transcribed');
select throws_ok(
  $$ select public.submit_upload(
       'a2000000-0000-4000-8000-000000000002',
       'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002', 'x.jpg'
     ) $$,
  'PT400', 'invalid_arguments', 'a file of one incident is not another''s'
);
select throws_ok(
  $$ select public.submit_upload('a1000000-0000-4000-8000-000000000001', null, 'x.jpg') $$,
  'PT400', 'invalid_arguments', 'a path is needed'
);
select throws_ok(
  $$ select public.submit_upload(
       'a1000000-0000-4000-8000-000000000001',
       'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000007', 'x.jpg'
     ) $$,
  'PT404', 'upload_not_found', 'what was not uploaded cannot be submitted'
);

select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000e');
reset role;
update storage.objects set metadata = '{"size": 0}' where name like '%/e0000000-0000-4000-8000-00000000000e';
set local role authenticated;
select throws_ok(
  $$ select public.submit_upload(
       'a1000000-0000-4000-8000-000000000001',
       'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000e', 'x.jpg'
     ) $$,
  'PT422', 'file_empty', 'a file without a byte is none'
);
reset role;
set local storage.allow_delete_query to 'true';
delete from storage.objects where name like '%/e0000000-0000-4000-8000-00000000000e';

-- The only copy of a submitted file stays; once its original is kept the upload goes, and the name stays taken.
reset role;
set local storage.allow_delete_query to 'true';
select throws_ok(
  $$ delete from storage.objects where name like '%/e0000000-0000-4000-8000-000000000002' $$,
  '42501', 'evidence_is_kept', 'a submitted file is not removed before its original is kept'
);
update public.documents
set original_path = 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000b/shared.jpg'
where source_path like '%000000000002';
set local storage.allow_delete_query to 'true';
delete from storage.objects where name like '%/e0000000-0000-4000-8000-000000000002';
select throws_ok(
  $$ insert into storage.objects (bucket_id, name) values (
       'uploads', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002'
     ) $$,
  '42501', 'upload_is_submitted', 'a submitted file gets no other bytes, not even by a signed URL, which passes every policy'
);
set local role authenticated;
select throws_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000002') $$,
  '42501', null, 'a member''s own upload is refused before it begins'
);

reset role;
update private.limits set max_open_uploads = 2;
set local role authenticated;
select lives_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000005') $$, 'up to the limit'
);
select throws_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000006') $$,
  '42501', 'too_many_uploads', 'a user has so many uploads at a time'
);
select tests.sign_in('bob');
select lives_ok(
  $$ select pg_temp.put('a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000006') $$,
  'which does not concern others'
);
reset role;
update private.limits set max_incident_documents = 2;
set local role authenticated;
select throws_ok(
  $$ select public.submit_upload(
       'a1000000-0000-4000-8000-000000000001',
       'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000006', 'x.jpg'
     ) $$,
  'PT409', 'too_many_documents', 'an incident has so many documents'
);
reset role;

select results_eq(
  $$ select private.base_name(name) from unnest(array[
       'photo.jpg', '/etc/passwd', '..\..\boot.ini', '...', '', null, E'a\nb\tc.pdf', repeat('x', 300) || '.heic'
     ]) as name $$,
  $$ values ('photo.jpg'), ('passwd'), ('boot.ini'), (null), (null), (null), ('a b c.pdf'), (repeat('x', 195) || '.heic') $$,
  'a name is one safe line without folders and keeps its extension'
);

-- What is left over.
update storage.objects set created_at = now() - interval '26 hours' where bucket_id = 'uploads';
insert into storage.objects (bucket_id, name, created_at) values
  ('uploads', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-000000000008', now() - interval '24 hours'),
  ('originals', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000a/a.jpg', now() - interval '2 days'),
  ('derivatives', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000a/b.jpg', now() - interval '2 days'),
  ('originals', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000b/shared.jpg', now() - interval '2 days'),
  ('reports', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000c/report.pdf', now() - interval '2 days'),
  ('originals', 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000d/new.jpg', now()),
  ('originals', 'something else', now() - interval '2 days');
insert into storage.objects (bucket_id, name, created_at)
select 'derivatives', 'a1000000-0000-4000-8000-000000000001/' || id || '/preview.jpg', now() - interval '2 days'
from public.documents;
set local role service_role;
select set_eq(
  'select bucket_id || right(name, 11) from public.storage_leftovers()',
  array['uploads00000000005', 'uploads00000000006', 'originals0000a/a.jpg', 'derivatives0000a/b.jpg', 'reports/report.pdf'],
  'left over is what was never submitted and what belongs to nothing; not what is the only copy, shared, new or unknown'
);
reset role;
update public.documents set original_path = 'kept' where source_path like '%000000000001';
select ok(
  exists (select from public.storage_leftovers() where name like '%/e0000000-0000-4000-8000-000000000001'),
  'and an upload whose original is kept'
);
reset role;
select is(
  (select schedule from cron.job where jobname = 'clean-storage'), '41 * * * *', 'it is cleaned every hour'
);
set local role authenticated;
select throws_ok('select public.storage_leftovers()', '42501', null, 'people cannot ask what is left over');

select * from finish();
rollback;
