-- Bounds of arguments. Every function that an API role may call first checks the size of each argument, then whether the
-- caller may, and only then works. So nothing that a caller chooses is normalised, parsed or matched before it is small.
--
-- Sizes are those in memory, which cost nothing to ask for: octet_length for text, pg_column_size for jsonb and arrays.

create function private.check_size(p_argument text, p_bytes bigint, p_max_bytes bigint) returns void
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  if p_bytes > p_max_bytes then
    raise exception 'message_too_large' using
      errcode = 'PT413', detail = pg_catalog.format('%s has at most %s bytes.', p_argument, p_max_bytes);
  end if;
end;
$$;
comment on function private.check_size(text, bigint, bigint) is
  'Refuses an argument that is larger than allowed, with its name in the detail. Null has no size. Errors: message_too_large.';
revoke execute on function private.check_size(text, bigint, bigint) from public, anon, authenticated;
grant execute on function private.check_size(text, bigint, bigint) to service_role;

create function private.json_fits(p_value jsonb, p_max_bytes integer) returns boolean
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  -- Most values are less than twice as large in memory as they are in text. A list of single digits is six times as large:
  -- the addition is for such lists of up to 64 KB.
  if pg_catalog.pg_column_size(p_value) > p_max_bytes::bigint * 2 + 262144 then
    return false;
  end if;
  -- The number 1e131071 has 12 bytes in memory and 131,072 as text: 16 KB of such numbers would be 170 MB of text. Numbers
  -- in less than 1 KB make no text that matters.
  if pg_catalog.pg_column_size(p_value) > 1024 and exists (
    select
    from pg_catalog.jsonb_path_query(p_value, 'strict $.** ? (@.type() == "number")') as found (number)
    where pg_catalog.scale(found.number::numeric) > 400 or pg_catalog.abs(found.number::numeric) > 1e400
  ) then
    return false;
  end if;
  return pg_catalog.octet_length(p_value::text) <= p_max_bytes;
end;
$$;
comment on function private.json_fits(jsonb, integer) is
  'Whether a value has at most so many bytes as JSON text, found without writing a text that is far larger. A value of more than 1 KB with a number of more than 400 digits does not fit. Null for null.';
revoke execute on function private.json_fits(jsonb, integer) from public, anon, authenticated;
grant execute on function private.json_fits(jsonb, integer) to service_role;

create function private.check_json(p_argument text, p_value jsonb, p_max_bytes integer) returns void
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  if not private.json_fits(p_value, p_max_bytes) then
    raise exception 'message_too_large' using
      errcode = 'PT413', detail = pg_catalog.format('%s has at most %s bytes as JSON.', p_argument, p_max_bytes);
  end if;
end;
$$;
comment on function private.check_json(text, jsonb, integer) is
  'Refuses a value whose JSON text is larger than allowed, with the argument''s name in the detail. Errors: message_too_large.';
revoke execute on function private.check_json(text, jsonb, integer) from public, anon, authenticated;
grant execute on function private.check_json(text, jsonb, integer) to service_role;
