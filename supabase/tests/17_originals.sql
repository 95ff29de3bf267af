-- Originals: of equal files in an incident one is kept, later documents point to it, and nothing is pointed to that is
-- not there.

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

create function pg_temp.keep(p_document integer, p_hash text, p_name text default null)
returns jsonb
language sql
as $$
  select public.keep_original(
    ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid, repeat(p_hash, 64), 10, 'image/jpeg',
    case when p_name is not null then document.incident_id || '/' || document.id || '/' || p_name end
  )
  from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid;
$$;
create function pg_temp.put(p_document integer, p_name text)
returns void
language sql
as $$
  insert into storage.objects (bucket_id, name)
  select 'originals', document.incident_id || '/' || document.id || '/' || p_name
  from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid;
$$;
create function pg_temp.row_of(p_document integer)
returns public.documents
language sql
as $$
  select document from public.documents as document
  where document.id = ('d0000000-0000-4000-8000-00000000000' || p_document)::uuid;
$$;

set local role service_role;
select is(pg_temp.keep(1, 'a'), null, 'a file that nobody has must be stored first');
select pg_temp.put(1, 'a.jpg');
select is(
  pg_temp.keep(1, 'a', 'a.jpg') - 'received_at',
  '{"original_path": "c0000000-0000-4000-8000-000000000001/d0000000-0000-4000-8000-000000000001/a.jpg", "duplicate_of": null, "leftovers": []}',
  'then the document points to it'
);
select is((pg_temp.row_of(1)).byte_size, 10::bigint, 'with its size');
select isnt((pg_temp.row_of(1)).received_at, null, 'and the time it was received');

update public.documents set received_at = '2026-01-01Z' where id = 'd0000000-0000-4000-8000-000000000001';
select is(
  (pg_temp.keep(1, 'a', 'a.jpg') ->> 'received_at')::timestamptz, '2026-01-01Z'::timestamptz,
  'working on it again is not receiving it again'
);

select is(
  pg_temp.keep(2, 'a') - 'received_at',
  '{"original_path": "c0000000-0000-4000-8000-000000000001/d0000000-0000-4000-8000-000000000001/a.jpg", "duplicate_of": "d0000000-0000-4000-8000-000000000001", "leftovers": []}',
  'an equal file of the incident shares the original of the first'
);
select is(
  (pg_temp.keep(1, 'a', 'a.jpg')) -> 'duplicate_of', 'null'::jsonb, 'the first stays the first when it is worked on again'
);
select pg_temp.put(3, 'a.jpg');
select is(
  pg_temp.keep(3, 'a', 'a.jpg') -> 'leftovers',
  '["c0000000-0000-4000-8000-000000000001/d0000000-0000-4000-8000-000000000003/a.jpg"]',
  'a copy that was stored at the same moment is left over'
);
select is((pg_temp.row_of(3)).duplicate_of, 'd0000000-0000-4000-8000-000000000001'::uuid, 'and its document a duplicate');
select is(pg_temp.keep(4, 'a'), null, 'an equal file of another incident is another file');

select pg_temp.put(1, 'b.jpg');
select is(
  pg_temp.keep(1, 'b', 'b.jpg') -> 'leftovers', '[]', 'what duplicates share is not left over when its document gets another file'
);
select results_eq(
  $$ select duplicate_of, original_path like '%00000001/a.jpg' from public.documents
     where id in ('d0000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000003') order by id $$,
  $$ values (null::uuid, true), ('d0000000-0000-4000-8000-000000000002', true) $$,
  'one of them is the first now'
);
select pg_temp.put(2, 'c.jpg');
select pg_temp.put(2, 'half-done.jpg');
select is(
  pg_temp.keep(2, 'c', 'c.jpg') -> 'leftovers',
  '["c0000000-0000-4000-8000-000000000001/d0000000-0000-4000-8000-000000000002/half-done.jpg"]',
  'what a dead worker left in the document''s folder is left over'
);

update public.documents set original_path = 'gone.jpg' where id = 'd0000000-0000-4000-8000-000000000001';
select is(pg_temp.keep(2, 'b'), null, 'a file that is gone stands in for no other');

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

delete from public.documents where id = 'd0000000-0000-4000-8000-000000000002';
select is((pg_temp.row_of(3)).duplicate_of, null, 'a duplicate outlives its first');
select throws_ok(
  $$ update public.documents set duplicate_of = id where id = 'd0000000-0000-4000-8000-000000000003' $$,
  '23514', null, 'nothing is a duplicate of itself'
);

select * from finish();
rollback;
