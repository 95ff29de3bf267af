-- Uploads that are still arriving count against their owner's limit, as far as Storage has rows of them.

begin;
select plan(8);

select tests.add_users('ann', 'bob');
select tests.add_incident_of_ann('bob');
update private.limits set max_open_uploads = 2;

create function pg_temp.name_of(p_number integer)
returns text
language sql
as $$
  select 'a1000000-0000-4000-8000-000000000001/e0000000-0000-4000-8000-00000000000' || p_number;
$$;
create function pg_temp.put(p_number integer)
returns void
language plpgsql
as $$
begin
  insert into storage.objects (bucket_id, name, owner_id) values ('uploads', pg_temp.name_of(p_number), auth.uid()::text);
end;
$$;

insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version, owner_id, created_at)
select number::text, '', 'uploads', pg_temp.name_of(number), number::text, 'a0000000-0000-4000-8000-000000000001',
  now() - case when number = 3 then interval '25 hours' else interval '23 hours' end
from generate_series(1, 3) as number;
-- An upload to another bucket, which does not count.
insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version, owner_id)
values ('4', '', 'originals', pg_temp.name_of(4), '4', 'a0000000-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}';
select throws_ok('select pg_temp.put(5)', '42501', 'too_many_uploads', 'two arriving uploads leave no room for a third');
select lives_ok('select pg_temp.put(1)', 'an arriving upload may become an object: it does not count against itself');
select throws_ok('select pg_temp.put(5)', '42501', 'too_many_uploads', 'an upload that has become an object still counts');
select throws_ok(
  $$ insert into storage.objects (bucket_id, name) values ('originals', pg_temp.name_of(5)) $$, '42501', null,
  'an upload to another bucket is refused as before'
);
set local request.jwt.claims to '{"sub": "b0000000-0000-4000-8000-000000000002", "role": "authenticated"}';
select lives_ok('select pg_temp.put(6)', 'another user has a limit of their own');
select throws_ok(
  $$ select private.open_uploads('a0000000-0000-4000-8000-000000000001', '') $$, '42501', null,
  'people cannot read how many uploads another user has'
);

reset role;
select is(
  private.open_uploads('a0000000-0000-4000-8000-000000000001', ''), 2::bigint,
  'an object and its upload count once, and an upload abandoned a day ago does not count'
);
delete from storage.s3_multipart_uploads where id = '2';
set local role authenticated;
set local request.jwt.claims to '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated"}';
select lives_ok('select pg_temp.put(5)', 'an upload that has ended leaves room for another');

select * from finish();
rollback;
