-- Realtime: the schema, tables, functions and publications that hosted Supabase has before any migration.
-- Run as superuser on every start; every statement is idempotent.
--
--   realtime.messages          what broadcasts from the database are written to; partitioned by day of inserted_at.
--                              Its row level security decides who may join, read and write private channels.
--   realtime.send              one broadcast; part of the caller's transaction, sent at commit.
--   realtime.broadcast_changes the same for a row trigger.
--   realtime.topic             the topic that a policy is being evaluated for.

create schema if not exists realtime;
comment on schema realtime is 'Channels: broadcasts from the database and the policies of private channels.';
grant usage on schema realtime to postgres, anon, authenticated, service_role, supabase_realtime_admin;
grant create on schema realtime to supabase_realtime_admin;

-- messages -----------------------------------------------------------------------------------------------------

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  updated_at timestamp without time zone not null default (now() at time zone 'utc'),
  inserted_at timestamp without time zone not null default (now() at time zone 'utc'),
  id uuid not null default gen_random_uuid(),
  binary_payload bytea,
  primary key (id, inserted_at)
) partition by range (inserted_at);
alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;

create index if not exists messages_inserted_at_topic_index
  on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;

comment on table realtime.messages is
  'Broadcasts from the database. Policies on it decide who may read (select) and write (insert) a private channel.';
comment on column realtime.messages.topic is 'Channel without the realtime: prefix.';
comment on column realtime.messages.extension is 'broadcast or presence: what a policy is asked about.';
comment on column realtime.messages.private is 'Whether the message goes to the private or the public channel of this topic.';
comment on column realtime.messages.inserted_at is 'Start of the writing transaction, UTC; the partition key.';
comment on column realtime.messages.binary_payload is 'Sent as is, instead of payload; only clients of protocol 2.0.0 receive it.';

grant all on realtime.messages to postgres, supabase_realtime_admin;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;

-- partitions ---------------------------------------------------------------------------------------------------

create or replace function realtime.maintain_messages_partitions(days_ahead integer default 3, keep_days integer default 3)
returns void
language plpgsql
security invoker
set search_path = ''
as $$
declare
  today date := (now() at time zone 'utc')::date;
  a_day date;
  partition_name text;
begin
  -- Attaching takes a lock that lets readers and writers of the parent go on; creating in place would not.
  for a_day in select d::date from generate_series(today - 1, today + days_ahead, interval '1 day') as d loop
    partition_name := 'messages_' || to_char(a_day, 'YYYY_MM_DD');
    if to_regclass(format('realtime.%I', partition_name)) is null then
      execute format('create table realtime.%I (like realtime.messages including defaults including constraints)', partition_name);
      execute format('alter table realtime.%I owner to supabase_realtime_admin', partition_name);
      -- Without a policy of its own, the partition shows no row. Rows are reached through the parent table.
      execute format('alter table realtime.%I enable row level security', partition_name);
      execute format(
        'alter table realtime.messages attach partition realtime.%I for values from (%L) to (%L)',
        partition_name, a_day::timestamp, (a_day + 1)::timestamp
      );
    end if;
  end loop;
  for partition_name in
    select child.relname
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class child on child.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass
      and child.relname ~ '^messages_\d{4}_\d{2}_\d{2}$'
      and to_date(right(child.relname, 10), 'YYYY_MM_DD') < today - keep_days
  loop
    execute format('drop table realtime.%I', partition_name);
  end loop;
end;
$$;
comment on function realtime.maintain_messages_partitions(integer, integer) is
  'Makes the partitions of yesterday to days_ahead days from now and drops those older than keep_days days.';
revoke execute on function realtime.maintain_messages_partitions(integer, integer) from public;

select realtime.maintain_messages_partitions();

-- functions ----------------------------------------------------------------------------------------------------

create or replace function realtime.topic()
returns text
language sql
stable
as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;
alter function realtime.topic() owner to supabase_realtime_admin;
comment on function realtime.topic() is 'The topic that is being joined, read or written; for policies on realtime.messages.';

-- A failure to send never fails the caller's statement: it becomes a warning, as on hosted Supabase.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
declare
  message_id uuid := gen_random_uuid();
  message jsonb := payload;
begin
  begin
    if not coalesce(message ? 'id', false) then
      message := jsonb_set(message, '{id}', to_jsonb(message_id));
    end if;
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (message_id, message, send.event, send.topic, send.private, 'broadcast');
  exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
  end;
end;
$$;
comment on function realtime.send(jsonb, text, text, boolean) is
  'Broadcasts an object at commit. The id of the message is added to the payload unless it has one.';

create or replace function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
  begin
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (binary_payload, event, topic, private, extension)
    values (send_binary.payload, send_binary.event, send_binary.topic, send_binary.private, 'broadcast');
  exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
  end;
end;
$$;
comment on function realtime.send_binary(bytea, text, text, boolean) is
  'Broadcasts bytes at commit; clients of protocol 1.0.0 do not receive them.';

create or replace function realtime.broadcast_changes(
  topic_name text,
  event_name text,
  operation text,
  table_name text,
  table_schema text,
  new record,
  old record,
  level text default 'ROW'
)
returns void
language plpgsql
as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'old_record', old,
      'record', new,
      'operation', operation,
      'table', table_name,
      'schema', table_schema
    ),
    event_name,
    topic_name
  );
exception when others then
  raise exception 'Failed to process the row: %', sqlerrm;
end;
$$;
comment on function realtime.broadcast_changes(text, text, text, text, text, record, record, text) is
  'Broadcasts a change of a row; for row triggers.';

grant execute on function
  realtime.topic(),
  realtime.send(jsonb, text, text, boolean),
  realtime.send_binary(bytea, text, text, boolean),
  realtime.broadcast_changes(text, text, text, text, text, record, record, text)
to postgres, anon, authenticated, service_role, supabase_realtime_admin;

-- publications -------------------------------------------------------------------------------------------------

do $$
begin
  -- Tables whose changes are sent as postgres_changes; migrations add them, so `postgres` owns it.
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to postgres;
  end if;
  -- What the server decodes broadcasts from.
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime_messages_publication') then
    create publication supabase_realtime_messages_publication for table realtime.messages with (publish = 'insert');
  end if;
end;
$$;

-- subscriptions to changes of tables ---------------------------------------------------------------------------

do $$
begin
  if to_regtype('realtime.equality_op') is null then
    create type realtime.equality_op as enum (
      'eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'like', 'ilike', 'is', 'match', 'imatch', 'isdistinct'
    );
  end if;
  if to_regtype('realtime.user_defined_filter') is null then
    create type realtime.user_defined_filter as (
      column_name text, op realtime.equality_op, value text, negate boolean
    );
  end if;
end;
$$;

-- Immutable by declaration, because a generated column asks for it; the cast looks the role up.
create or replace function realtime.to_regrole(role_name text)
returns regrole
language sql
immutable
as $$
  select role_name::regrole
$$;

create table if not exists realtime.subscription (
  id bigint generated always as identity primary key,
  subscription_id uuid not null,
  entity regclass not null,
  filters realtime.user_defined_filter[] not null default '{}',
  claims jsonb not null,
  claims_role regrole not null generated always as (realtime.to_regrole(claims ->> 'role')) stored,
  created_at timestamp without time zone not null default (now() at time zone 'utc'),
  action_filter text not null default '*' check (action_filter in ('*', 'INSERT', 'UPDATE', 'DELETE')),
  selected_columns text[]
);
create index if not exists subscription_subscription_id_index on realtime.subscription (subscription_id);
comment on table realtime.subscription is
  'Who listens to changes of which table; written by the Realtime server, one row per binding and table.';
grant all on realtime.subscription to postgres, supabase_realtime_admin;

-- Refuses filters and selections that cannot work; the texts of the errors reach the client.
create or replace function realtime.subscription_check_filters()
returns trigger
language plpgsql
as $$
declare
  readable text[];
  wanted realtime.user_defined_filter;
  wanted_type text;
  selected text;
  amount integer;
begin
  -- Not new.claims_role: generated columns are computed after this trigger.
  select coalesce(array_agg(a.attname::text), '{}') into readable
  from pg_catalog.pg_attribute a
  where a.attrelid = new.entity and a.attnum > 0 and not a.attisdropped
    and has_column_privilege(realtime.to_regrole(new.claims ->> 'role'), new.entity, a.attnum, 'select');

  foreach wanted in array new.filters loop
    if wanted.column_name <> all (readable) then
      raise exception 'invalid column for filter %', wanted.column_name;
    end if;
    select format_type(a.atttypid, null) into wanted_type
    from pg_catalog.pg_attribute a
    where a.attrelid = new.entity and a.attname = wanted.column_name;

    if wanted.op = 'is' then
      if wanted.value not in ('null', 'true', 'false', 'unknown') then
        raise exception 'invalid value for is filter: must be null, true, false, or unknown';
      end if;
    elsif wanted.op = 'in' then
      execute format('select coalesce(cardinality(%L::%s[]), 0)', wanted.value, wanted_type) into amount;
      if amount > 100 then
        raise exception 'too many values for `in` filter. Maximum 100';
      end if;
    elsif wanted.op not in ('like', 'ilike', 'match', 'imatch') then
      execute format('select %L::%s', wanted.value, wanted_type);
    end if;
  end loop;

  foreach selected in array coalesce(new.selected_columns, '{}') loop
    if selected <> all (readable) then
      raise exception 'invalid column for select %', selected;
    end if;
  end loop;
  return new;
end;
$$;

create or replace trigger subscription_check_filters
  before insert or update on realtime.subscription
  for each row execute function realtime.subscription_check_filters();

-- Replication hears of a commit a moment before other sessions see it. Ends when all of these transactions are seen.
create or replace function realtime.await_visibility(xids bigint[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  newest bigint;
begin
  loop
    newest := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    exit when not exists (
      select
      from unnest(xids) as x (xid),
        -- The stream gives the lower half of the number; the upper half is that of the newest, or one less.
        lateral (select ((newest >> 32) << 32) + x.xid as whole) as w,
        lateral (select case when w.whole > newest + 2147483648 then w.whole - 4294967296 else w.whole end as id) as f
      where not pg_visible_in_snapshot(f.id::text::xid8, pg_current_snapshot())
    );
    perform pg_sleep(0.0002);
  end loop;
end;
$$;
revoke execute on function realtime.await_visibility(bigint[]) from public;

-- Row level security for many subscribers and rows at once. Runs as the server; acts as each subscriber in turn.
-- A subscriber whose policies raise an error gets no item, and `failure` says why. The other subscribers are not affected.
-- Its result has changed once, which `create or replace` cannot follow.
drop function if exists realtime.visible_rows(regclass, text[], text[], jsonb, jsonb, bigint[]);
create function realtime.visible_rows(
  entity regclass,
  key_names text[],
  key_types text[],
  keys jsonb,
  subscribers jsonb,
  xids bigint[]
)
returns table (subscriber integer, item integer, failure text)
language plpgsql
as $$
declare
  statement text;
  person record;
begin
  perform realtime.await_visibility(xids);
  select format(
    'select $2, k.item::integer, null::text from jsonb_array_elements($1) with ordinality as k (key, item)
     where exists (select from %s as t where %s)',
    entity,
    string_agg(format('t.%I = (k.key ->> %s)::%s', k.name, k.position - 1, k.type), ' and ')
  ) into statement
  from unnest(key_names, key_types) with ordinality as k (name, type, position);

  for person in
    select s.position::integer, s.value ->> 'role' as role, s.value ->> 'claims' as claims
    from jsonb_array_elements(subscribers) with ordinality as s (value, position)
  loop
    begin
      perform set_config('role', person.role, true),
              set_config('request.jwt.claims', person.claims, true),
              set_config('request.jwt.claim.sub', coalesce(person.claims::jsonb ->> 'sub', ''), true),
              set_config('request.jwt.claim.role', person.role, true);
      return query execute statement using keys, person.position;
    exception when others then
      subscriber := person.position;
      item := null;
      failure := sqlerrm;
      return next;
    end;
  end loop;
  perform set_config('role', 'none', true);
end;
$$;
revoke execute on function realtime.visible_rows(regclass, text[], text[], jsonb, jsonb, bigint[]) from public;
