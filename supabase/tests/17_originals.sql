-- Originals: kept once; of equal files in an incident one is kept, later documents point to it, and no document points to
-- an object that is not there.

begin;
select plan(18);

insert into auth.users (id, email) values ('a0000000-0000-4000-8000-000000000001', 'owner@originals.test');
insert into public.incidents (id, user_id, title, source) values
  ('c0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test'),
  ('c0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'Another', 'test');
insert into public.documents (id, incident_id, user_id, kind, document_type)
select document.id::uuid, document.incident_id::uuid, 'a0000000-0000-4000-8000-000000000001', 'photo', 'photo'
from (values
  ('d0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000001'),
  ('d0000000-0000-4000-8000-000000000002', 'c0000000-0000-4000-8000-000000000001'),
  ('d0000000-0000-4000-8000-000000000003', 'c0000000-0000-4000-8000-000000000001'),
  ('d0000000-0000-4000-8000-000000000004', 'c0000000-0000-4000-8000-000000000002')
) as document (id, incident_id);

-- Of each document, hashes are named by a letter and files by their hash.
create function pg_temp.path_of(p_document integer, p_hash text)
returns text
language sql
as $$
  select document.incident_id || '/' || document.id || '/' || repeat(p_hash, 64) || '.jpg'
  from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid;
$$;
create function pg_temp.keep(p_document integer, p_hash text, p_stored boolean default false)
returns jsonb
language sql
as $$
  select public.keep_original(
    ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid, repeat(p_hash, 64), 10, 'image/jpeg',
    case when p_stored then pg_temp.path_of(p_document, p_hash) end
  );
$$;
create function pg_temp.put(p_document integer, p_hash text, p_size integer default 10)
returns void
language sql
as $$
  insert into storage.objects (bucket_id, name, metadata)
  values ('originals', pg_temp.path_of(p_document, p_hash), jsonb_build_object('size', p_size));
$$;
create function pg_temp.row_of(p_document integer)
returns public.documents
language sql
as $$
  select document from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid;
$$;

set local role service_role;
select is(pg_temp.keep(1, 'a'), null, 'a file that no document has must be stored first');
select throws_ok(
  'select pg_temp.keep(1, $$a$$, true)', 'PT409', 'original_not_stored', 'a document points to no object that is not there'
);
select pg_temp.put(1, 'a', 11);
select throws_ok(
  'select pg_temp.keep(1, $$a$$, true)', 'PT409', 'original_not_stored', 'nor to an object of another size'
);
reset role;
update storage.objects set metadata = '{"size": 10}';
set local role service_role;
select throws_ok(
  $$ select public.keep_original(
       'd0000000-0000-4000-8000-000000000002', repeat('a', 64), 10, 'image/jpeg', pg_temp.path_of(1, 'a')
     ) $$,
  'PT409', 'original_not_stored', 'nor to an object in another document''s folder'
);
select is(
  pg_temp.keep(1, 'a', true) - 'received_at',
  jsonb_build_object(
    'original_path', pg_temp.path_of(1, 'a'), 'sha256', repeat('a', 64), 'content_type', 'image/jpeg',
    'duplicate_of', null, 'leftovers', '[]'::jsonb
  ),
  'a document points to the stored object that is named by its hash'
);
select is((pg_temp.row_of(1)).byte_size, 10::bigint, 'the document says the size of its original');
select isnt((pg_temp.row_of(1)).received_at, null, 'and when the original was received');
select is(
  (pg_temp.keep(1, 'a', true) ->> 'received_at')::timestamptz, (pg_temp.row_of(1)).received_at,
  'working on an original again is not receiving it again'
);
select pg_temp.put(1, 'b');
select is(
  pg_temp.keep(1, 'b', true) - 'received_at' - 'content_type',
  jsonb_build_object(
    'original_path', pg_temp.path_of(1, 'a'), 'sha256', repeat('a', 64), 'duplicate_of', null,
    'leftovers', jsonb_build_array(pg_temp.path_of(1, 'b'))
  ),
  'a document keeps its original when a worker comes with other bytes, which are left over'
);

select is(
  pg_temp.keep(2, 'a') - 'received_at' - 'content_type' - 'sha256',
  jsonb_build_object(
    'original_path', pg_temp.path_of(1, 'a'), 'duplicate_of', 'd0000000-0000-4000-8000-000000000001',
    'leftovers', '[]'::jsonb
  ),
  'an equal file of the incident shares the original of the first'
);
select pg_temp.put(3, 'a');
select is(
  pg_temp.keep(3, 'a', true) -> 'leftovers', jsonb_build_array(pg_temp.path_of(3, 'a')),
  'a copy that was stored at the same moment is left over'
);
select is(
  (pg_temp.row_of(3)).duplicate_of, 'd0000000-0000-4000-8000-000000000001'::uuid, 'and its document is a duplicate'
);
select is(pg_temp.keep(4, 'a'), null, 'an equal file of another incident is another file');

select throws_ok(
  $$ select public.keep_original('d0000000-0000-4000-8000-000000000009', repeat('a', 64), 1, 'image/jpeg', 'x') $$,
  'PT404', 'document_not_found', 'an unknown document has no original'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}';
select throws_ok(
  $$ select public.keep_original('d0000000-0000-4000-8000-000000000001', repeat('a', 64), 1, 'image/jpeg', 'x') $$,
  '42501', null, 'people cannot say what an original is'
);
reset role;

select public.erase_document('d0000000-0000-4000-8000-000000000001', 'asked for');
select is((pg_temp.row_of(3)).duplicate_of, null, 'a duplicate outlives its first');
select is(
  (pg_temp.row_of(3)).original_path like '%00000001/' || repeat('a', 64) || '.jpg', true,
  'and goes on pointing to the original that they shared'
);
select throws_ok(
  $$ update public.documents set duplicate_of = id where id = 'd0000000-0000-4000-8000-000000000003' $$,
  '23514', null, 'nothing is a duplicate of itself'
);

select * from finish();
rollback;
