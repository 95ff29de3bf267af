-- Helpers of the pgTAP files, in a schema `tests` that stays in the database: `supabase test db` runs this file first, by its
-- name, and stack/testing/pgtap.ts loads it before each file. `drop schema tests cascade` removes them.
--
-- Users have fixed ids, because expected messages contain them:
--
--   ann    a0000000-0000-4000-8000-000000000001
--   bob    b0000000-0000-4000-8000-000000000002
--   cleo   c0000000-0000-4000-8000-000000000003
--   dora   d0000000-0000-4000-8000-000000000004

begin;

create schema if not exists tests;
grant usage on schema tests to public;

create or replace function tests.user_id(p_name text) returns uuid
language sql immutable set search_path = ''
as $$
  select case p_name
    when 'ann' then 'a0000000-0000-4000-8000-000000000001'
    when 'bob' then 'b0000000-0000-4000-8000-000000000002'
    when 'cleo' then 'c0000000-0000-4000-8000-000000000003'
    when 'dora' then 'd0000000-0000-4000-8000-000000000004'
  end::uuid;
$$;
comment on function tests.user_id(text) is 'Id of ann, bob, cleo or dora. Null for another name.';

create or replace function tests.add_users(variadic p_names text[]) returns void
language sql volatile set search_path = ''
as $$
  insert into auth.users (id, email) select tests.user_id(name), name || '@claimwire.test' from unnest(p_names) as name;
$$;
comment on function tests.add_users(text[]) is 'Adds users by name.';

create or replace function tests.add_incident_of_ann(variadic p_handlers text[] default '{}') returns void
language sql volatile set search_path = ''
as $$
  insert into public.incidents (id, user_id, title, source)
  values ('a1000000-0000-4000-8000-000000000001', tests.user_id('ann'), 'Ann''s', 'test');
  insert into public.incident_members (incident_id, user_id, role)
  select 'a1000000-0000-4000-8000-000000000001', tests.user_id(name), 'handler' from unnest(p_handlers) as name;
$$;
comment on function tests.add_incident_of_ann(text[]) is
  'Adds the incident a1000000-0000-4000-8000-000000000001, which ann owns and the named users handle.';

create or replace function tests.sign_in(p_name text, p_session_id uuid default null) returns void
language sql volatile set search_path = ''
as $$
  select set_config(
    'request.jwt.claims',
    jsonb_strip_nulls(
      jsonb_build_object('sub', tests.user_id(p_name), 'role', 'authenticated', 'session_id', p_session_id)
    )::text,
    true
  );
$$;
comment on function tests.sign_in(text, uuid) is
  'Sets the claims of a user''s token until the end of the transaction. Null: a token without a user. Does not set the role.';

create or replace function tests.hint_of(p_call text) returns text
language plpgsql volatile
as $$
declare
  v_hint text;
begin
  execute p_call;
  return 'no error';
exception
  when sqlstate 'PGRST' then
    return sqlerrm::jsonb ->> 'hint';
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end;
$$;
comment on function tests.hint_of(text) is 'The hint of the error that a statement raises.';

create or replace function tests.refusal_of(p_call text) returns text
language plpgsql volatile
as $$
declare
  v_body jsonb;
begin
  execute p_call;
  return 'no error';
exception
  when sqlstate 'PGRST' then
    v_body := sqlerrm::jsonb;
    return (v_body ->> 'code') || ' ' || (v_body ->> 'message');
  when others then
    return sqlstate || ' ' || sqlerrm;
end;
$$;
comment on function tests.refusal_of(text) is
  'Code and message of the error that a statement raises, as PostgREST answers them: of the SQLSTATE PGRST, those of its body.';

create or replace function tests.broadcasts(p_topics text default 'user:%') returns table (topic text, event text, payload jsonb)
language plpgsql volatile set client_min_messages = warning
as $$
begin
  create temporary table if not exists seen_broadcasts (id uuid primary key) on commit drop;
  return query
    with fresh as (
      select message.id, message.topic, message.event, message.payload, message.tableoid, message.ctid as place
      from realtime.messages as message
      where message.topic like p_topics
        and not exists (select from seen_broadcasts as seen where seen.id = message.id)
    ),
    noted as (insert into seen_broadcasts select fresh.id from fresh)
    -- All is one transaction with one time, so the place in the table tells the order.
    select fresh.topic, fresh.event, fresh.payload - 'id' from fresh order by fresh.tableoid, fresh.place;
end;
$$;
comment on function tests.broadcasts(text) is
  'Messages on topics like p_topics that no earlier call has returned, in the order in which they were sent.';

commit;

begin;
select plan(1);
select has_schema('tests', 'the helpers are there');
select * from finish();
rollback;
