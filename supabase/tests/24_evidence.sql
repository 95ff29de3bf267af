-- Evidence: what a document says of its original is written once, its bytes stay, and members open it one by one. Ann owns
-- the incident, Bob handles it, Cleo is a stranger.

begin;
select plan(34);

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'ann@evidence.test'),
  ('b0000000-0000-4000-8000-000000000002', 'bob@evidence.test'),
  ('c0000000-0000-4000-8000-000000000003', 'cleo@evidence.test');
insert into public.incidents (id, user_id, title, source) values
  ('a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test');
insert into public.incident_members (incident_id, user_id, role) values
  ('a1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002', 'handler');
insert into public.documents (id, incident_id, user_id, kind, document_type, source_url) values
  (
    'd0000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001',
    'a0000000-0000-4000-8000-000000000001', 'photo', 'photo', 'https://files.example.com/a.jpg?token=secret'
  );

create function pg_temp.original()
returns text
language sql
as $$
  select 'a1000000-0000-4000-8000-000000000001/d0000000-0000-4000-8000-000000000001/' || repeat('a', 64) || '.jpg'
$$;
create function pg_temp.sign_in(p_digit text)
returns text
language sql
as $$
  select set_config('request.jwt.claims', jsonb_build_object(
    'role', 'authenticated', 'sub', p_digit || '0000000-0000-4000-8000-00000000000' || (ascii(p_digit) - 96)
  )::text, true)
$$;

insert into storage.objects (bucket_id, name, version, metadata)
values ('originals', pg_temp.original(), 'first', '{"size": 10}');
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select public.keep_original(
  'd0000000-0000-4000-8000-000000000001', repeat('a', 64), 10, 'image/jpeg', pg_temp.original()
);

-- Columns, for the role that everything of ours works with, and for the owner of the tables.
select throws_ok(
  $$ update public.documents set sha256 = repeat('b', 64) $$, '42501', null, 'a service writes no hash'
);
select throws_ok(
  $$ update public.documents set original_path = 'elsewhere' $$, '42501', null, 'a service moves no original'
);
select throws_ok($$ delete from public.documents $$, '42501', null, 'a service deletes no document');
select throws_ok($$ delete from public.incidents $$, '42501', null, 'a service deletes no incident');
select lives_ok(
  $$ update public.documents set preview_path = 'p', width = 10, height = 10 $$, 'a service writes what was derived'
);
reset role;
select throws_ok(
  format('update public.documents set %s', change), 'PT409', 'evidence_is_kept', 'written once: ' || change
)
from unnest(array[
  'sha256 = repeat(''b'', 64)', 'byte_size = 11', 'content_type = ''image/png''', 'received_at = now() + interval ''1 day''',
  'original_path = ''elsewhere''', 'sha256 = null', 'original_path = null', 'source_url = ''https://elsewhere''',
  'source_path = ''x''', 'created_at = now() + interval ''1 day''', 'id = gen_random_uuid()'
]) as change;

-- The object.
set local storage.allow_delete_query to 'true';
select throws_ok(
  change, '42501', 'evidence_is_kept', 'kept in Storage: ' || change
)
from unnest(array[
  'delete from storage.objects where name = pg_temp.original()',
  'update storage.objects set version = ''second'', metadata = ''{"size": 10}'' where name = pg_temp.original()',
  'update storage.objects set metadata = ''{"size": 11}'' where name = pg_temp.original()',
  'update storage.objects set name = ''elsewhere'' where name = pg_temp.original()',
  'update storage.objects set bucket_id = ''derivatives'' where name = pg_temp.original()',
  'insert into storage.objects (bucket_id, name, version) values (''originals'', pg_temp.original(), ''second'')
   on conflict (bucket_id, name) do update set version = excluded.version'
]) as change;
select lives_ok(
  $$ update storage.objects set last_accessed_at = now() where name = pg_temp.original() $$,
  'Storage may note when an object was read'
);
select throws_ok(
  $$ insert into storage.objects (bucket_id, name, metadata) values ('uploads', 'x', '{"size": 26214401}') $$,
  '42501', 'file_too_large', 'an object larger than its bucket allows is refused when its bytes have arrived'
);

-- Opening.
set local role authenticated;
select pg_temp.sign_in('a');
select is_empty(
  $$ select from storage.objects where bucket_id = 'originals' $$, 'an owner reads no original without opening it'
);
select is(
  public.open_original('d0000000-0000-4000-8000-000000000001', 'download') ->> 'path', pg_temp.original(),
  'an owner opens an original'
);
select isnt_empty($$ select from storage.objects where bucket_id = 'originals' $$, 'and reads it');
select throws_ok(
  $$ select public.open_original('d0000000-0000-4000-8000-000000000001', 'keep') $$, 'PT400', 'invalid_arguments',
  'a purpose is view or download'
);
select pg_temp.sign_in('b');
select is_empty($$ select from storage.objects where bucket_id = 'originals' $$, 'one member opens nothing for another');
select pg_temp.sign_in('c');
select throws_ok(
  $$ select public.open_original('d0000000-0000-4000-8000-000000000001') $$, 'PT404', 'document_not_found',
  'a stranger opens no original'
);
reset role;
update private.original_grants set expires_at = now() - interval '1 second';
set local role authenticated;
select pg_temp.sign_in('a');
select is_empty($$ select from storage.objects where bucket_id = 'originals' $$, 'after a minute an original is closed');
select throws_ok(
  $$ select public.erase_incident('a1000000-0000-4000-8000-000000000001', 'mine') $$, '42501', null,
  'people erase nothing'
);

-- Erasure.
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select throws_ok(
  $$ select public.erase_document('d0000000-0000-4000-8000-000000000001', ' ') $$, 'PT400', 'invalid_arguments',
  'an erasure has a reason'
);
select public.erase_document('d0000000-0000-4000-8000-000000000001', 'asked for by the claimant');
reset role;
select lives_ok(
  'delete from storage.objects where name = pg_temp.original()', 'the object of an erased document may go'
);

select * from finish();
rollback;
