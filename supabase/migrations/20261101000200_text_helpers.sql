-- Parsing of text from outside: topics, object names, form answers. None of these functions ever raises, because
-- policies call them with whatever a client sends.

create function private.try_uuid(p_text text)
returns uuid
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select case
    when p_text ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then p_text::uuid
  end;
$$;
comment on function private.try_uuid(text) is
  'The text as a uuid, or null where it is none. Never raises: policies call it with names chosen by clients.';
revoke execute on function private.try_uuid(text) from public, anon, authenticated;
grant execute on function private.try_uuid(text) to authenticated, service_role;

create function private.try_date(p_text text)
returns date
language sql
stable
parallel safe
security invoker
set search_path = ''
as $$
  select case
    when p_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' and pg_catalog.pg_input_is_valid(pg_catalog.left(p_text, 10), 'date')
    then pg_catalog.left(p_text, 10)::date
  end;
$$;
comment on function private.try_date(text) is
  'The calendar date that an ISO 8601 date or time begins with, or null. Never raises.';
revoke execute on function private.try_date(text) from public, anon, authenticated;
grant execute on function private.try_date(text) to service_role;

create function private.clean_text(p_text text, p_max_length integer)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- All of C0 and C1 but tab, line feed and carriage return, and the marks that turn the direction of text.
  select nullif(
    pg_catalog.btrim(
      pg_catalog.left(
        pg_catalog.regexp_replace(
          p_text,
          '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]',
          '',
          'g'
        ),
        p_max_length
      ),
      E' \t\r\n'
    ),
    ''
  );
$$;
comment on function private.clean_text(text, integer) is
  'Text from outside without control characters and direction marks, trimmed and cut to a length in characters; null where nothing is left.';
revoke execute on function private.clean_text(text, integer) from public, anon, authenticated;
grant execute on function private.clean_text(text, integer) to service_role;
