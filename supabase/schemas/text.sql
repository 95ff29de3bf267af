-- Parsing text from outside (topics, object names, form answers), and the form that times have in messages.
--
-- Policies call the parsers with whatever a client sends, so no parser raises an error.

create function private.try_uuid(p_text text) returns uuid
language sql immutable parallel safe security invoker set search_path = ''
as $$
  select case
    when pg_catalog.octet_length(p_text) = 36
      and p_text ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
    then p_text::uuid
  end;
$$;
comment on function private.try_uuid(text) is 'The text as a uuid, or null when it is not one. Never raises an error.';
revoke execute on function private.try_uuid(text) from public, anon, authenticated;
grant execute on function private.try_uuid(text) to authenticated, service_role;

create function private.try_date(p_text text) returns date
language sql stable parallel safe security invoker set search_path = ''
as $$
  select case
    when p_text ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' and pg_catalog.pg_input_is_valid(pg_catalog.left(p_text, 10), 'date')
    then pg_catalog.left(p_text, 10)::date
  end;
$$;
comment on function private.try_date(text) is
  'The calendar date that an ISO 8601 date or time begins with, or null. Never raises an error.';
revoke execute on function private.try_date(text) from public, anon, authenticated;
grant execute on function private.try_date(text) to service_role;

-- In PL/pgSQL, because every message calls it: see publishing.sql.
create function private.iso_timestamp(p_at timestamptz) returns text
language plpgsql stable parallel safe security invoker set search_path = ''
as $$
begin
  return pg_catalog.to_char(p_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end;
$$;
comment on function private.iso_timestamp(timestamptz) is 'ISO 8601 in UTC with milliseconds, as in messages.';
revoke execute on function private.iso_timestamp(timestamptz) from public, anon, authenticated;
