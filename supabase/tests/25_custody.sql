-- The custody log: a chain per incident that tells what happened to its files, and verify_custody, which finds every change.

begin;
select plan(31);

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'ann@custody.test'),
  ('c0000000-0000-4000-8000-000000000003', 'cleo@custody.test');
insert into public.incidents (id, user_id, title, source) values
  ('a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'Crash', 'test'),
  ('a1000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', 'Another', 'test');

create function pg_temp.document(p_digit integer)
returns uuid
language sql
as $$ select ('d0000000-0000-4000-8000-00000000000' || p_digit)::uuid $$;
create function pg_temp.path_of(p_digit integer)
returns text
language sql
as $$
  select 'a1000000-0000-4000-8000-000000000001/' || pg_temp.document(p_digit) || '/' || repeat(p_digit::text, 64) || '.jpg'
$$;
create function pg_temp.finding()
returns text
language sql
as $$
  select coalesce(problem || ' ' || coalesce(number::text, '-') || ' ' || coalesce(right(document_id::text, 1), '-'), 'intact ' || events)
  from public.verify_custody('a1000000-0000-4000-8000-000000000001')
$$;
-- Does what only a superuser can, who switches the triggers off, and undoes it after looking.
create function pg_temp.finding_after(p_sql text)
returns text
language plpgsql
as $$
declare
  v_finding text;
begin
  begin
    alter table public.custody_events disable trigger tg_custody_events__refuse;
    alter table public.documents disable trigger tg_documents__keep_evidence;
    alter table public.documents disable trigger tg_documents__log_received;
    alter table public.documents disable trigger tg_documents__log_change;
    alter table public.documents disable trigger tg_documents__log_erased;
    execute p_sql;
    v_finding := pg_temp.finding();
    raise exception 'undo';
  exception
    when raise_exception then
      return v_finding;
  end;
end;
$$;

insert into public.documents (id, incident_id, user_id, kind, document_type, source_url)
select
  pg_temp.document(digit), 'a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'photo', 'photo',
  'https://files.example.com/' || digit || '.jpg?token=secret'
from generate_series(1, 3) as digit;
insert into storage.objects (bucket_id, name, metadata)
select 'originals', pg_temp.path_of(digit), '{"size": 10}' from generate_series(1, 2) as digit;

set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select public.keep_original(pg_temp.document(digit), repeat(digit::text, 64), 10, 'image/jpeg', pg_temp.path_of(digit))
from generate_series(1, 2) as digit;
update public.documents set preview_path = 'p' where id = pg_temp.document(1);
update public.documents set preview_path = 'q' where id = pg_temp.document(1);
set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "a0000000-0000-4000-8000-000000000001"}';
select public.open_original(pg_temp.document(1), 'view'), public.open_original(pg_temp.document(2), 'download');
reset role;
insert into public.reports (id, incident_id, user_id, origin) values
  ('e0000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'requested');
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
update public.reports set sha256 = repeat('f', 64), file_size = 99;

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "sub": "a0000000-0000-4000-8000-000000000001"}';
select results_eq(
  $$ select number, event, right(document_id::text, 1), left(sha256, 1), byte_size, actor, right(actor_id::text, 1), note
     from public.custody_events order by number $$,
  $$ values
     (1::bigint, 'received', '1', null, null::bigint, 'database', null, 'form, files.example.com'),
     (2, 'received', '2', null, null, 'database', null, 'form, files.example.com'),
     (3, 'received', '3', null, null, 'database', null, 'form, files.example.com'),
     (4, 'kept', '1', '1', 10, 'service', null, null),
     (5, 'kept', '2', '2', 10, 'service', null, null),
     (6, 'derived', '1', '1', 10, 'service', null, null),
     (7, 'viewed', '1', '1', 10, 'user', '1', null),
     (8, 'downloaded', '2', '2', 10, 'user', '1', null),
     (9, 'included_in_report', null, 'f', 99, 'service', null, '2 originals') $$,
  'the log tells what happened, in order, by whom, and where files came from without the secrets of their addresses'
);
select is(
  (select previous_hash from public.custody_events where number = 1), repeat('0', 64), 'the first row holds no hash of another'
);
select is(
  (select hash from public.custody_events where number = 9),
  (select hash from public.custody_head('a1000000-0000-4000-8000-000000000001')), 'the head is the hash of the last row'
);
select is(
  (select encode(sha256(convert_to(array_to_string(array[
       'claimwire-custody-1', previous_hash, incident_id::text, '7', 'viewed', document_id::text, '', sha256, '10', 'user',
       actor_id::text, '', to_char(occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
     ], E'\n'), 'UTF8')), 'hex') from public.custody_events where number = 7),
  (select hash from public.custody_events where number = 7), 'a hash can be recomputed from the thirteen lines of the documented form'
);
select is(pg_temp.finding(), 'intact 9', 'an untouched log is intact');

set local request.jwt.claims = '{"role": "authenticated", "sub": "c0000000-0000-4000-8000-000000000003"}';
select is_empty('select from public.custody_events', 'a stranger reads no log');
select is_empty($$ select public.custody_head('a1000000-0000-4000-8000-000000000001') $$, 'a stranger reads no head');
select throws_ok('select pg_temp.finding()', 'PT404', 'incident_not_found', 'a stranger verifies nothing');
select throws_ok(
  $$ insert into public.custody_events (incident_id, number, event, actor, occurred_at, previous_hash, hash)
     values ('a1000000-0000-4000-8000-000000000001', 10, 'viewed', 'user', now(), '', '') $$,
  '42501', null, 'people write no log'
);
set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select throws_ok(
  $$ insert into public.custody_events (incident_id, number, event, actor, occurred_at, previous_hash, hash)
     values ('a1000000-0000-4000-8000-000000000001', 10, 'viewed', 'user', now(), '', '') $$,
  '42501', null, 'services write no log by themselves'
);
select throws_ok('select from private.custody_heads', '42501', null, 'services read no heads');
reset role;
select throws_ok('update public.custody_events set note = null', 'PT409', 'evidence_is_kept', 'the owner changes no row');
select throws_ok('delete from public.custody_events', 'PT409', 'evidence_is_kept', 'the owner deletes no row');
select throws_ok('truncate public.custody_events', 'PT409', 'evidence_is_kept', 'the owner empties no log');

select is(pg_temp.finding_after(change), finding, 'found: ' || change)
from (values
  ('update public.custody_events set note = ''upload'' where number = 2', 'event_changed 2 2'),
  ('update public.custody_events set occurred_at = occurred_at + interval ''1 microsecond'' where number = 5', 'event_changed 5 2'),
  ('delete from public.custody_events where number = 4', 'event_missing 5 2'),
  ('delete from public.custody_events where number = 9', 'events_missing_at_the_end 8 -'),
  ('delete from public.custody_events where number < 3', 'event_missing 3 3'),
  (
    'update public.custody_events set note = ''x'' where number = 3;
     update public.custody_events as row set hash = private.custody_hash(row) where number = 3', 'event_not_linked 4 1'
  ),
  (
    'insert into public.custody_events select incident_id, 10, event, document_id, report_id, sha256, byte_size, actor, actor_id,
     note, occurred_at, hash, hash from public.custody_events where number = 9', 'event_changed 10 -'
  ),
  ('update public.documents set sha256 = repeat(''9'', 64) where id = pg_temp.document(2)', 'document_changed 5 2'),
  ('update public.documents set byte_size = 9 where id = pg_temp.document(2)', 'document_changed 5 2'),
  ('update public.documents set original_path = pg_temp.path_of(1) where id = pg_temp.document(2)', 'document_changed 5 2'),
  ('update public.documents set sha256 = null, original_path = null where id = pg_temp.document(1)', 'document_changed 4 1'),
  ('update public.documents set sha256 = repeat(''3'', 64) where id = pg_temp.document(3)', 'original_not_logged 3 3'),
  ('delete from public.documents where id = pg_temp.document(3)', 'document_missing 3 3'),
  (
    'insert into public.documents (id, incident_id, user_id, kind, document_type)
     select pg_temp.document(4), incident_id, user_id, kind, document_type from public.documents where id = pg_temp.document(3)',
    'document_not_logged - 4'
  )
) as attack (change, finding);

-- Erased: the log goes on, and stays when the incident is gone.
set local role service_role;
select public.erase_document(pg_temp.document(1), E'asked for\nby the claimant');
select is(
  (select note from public.custody_events where event = 'erased'), 'asked for by the claimant', 'the log keeps why a document was erased'
);
select is(pg_temp.finding(), 'intact 10', 'an erased document is no finding');
select public.erase_incident('a1000000-0000-4000-8000-000000000001', 'retention');
select is(
  (select count(*) from public.custody_events where event = 'erased'), 3::bigint, 'the log of a deleted incident stays'
);

select * from finish();
rollback;
