-- Text from outside is made safe where it is written: by functions that take it, and for jobs by a row trigger, so
-- that plain SQL by a worker is cleaned as well. The same rules as functions-shared/sanitize.ts.
--
-- Removed: control characters, characters that reorder the text around them, byte order marks, noncharacters.
-- Replaced: every kind of line break by a line feed. Kept: joiners and direction marks, which scripts and emoji need.

create function private.strip_text(p_text text)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select pg_catalog.regexp_replace(
    pg_catalog.regexp_replace(p_text, '\r\n?|[\u0085\u2028\u2029]', E'\n', 'g'),
    '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U0004fffe\U0004ffff\U0005fffe\U0005ffff\U0006fffe\U0006ffff\U0007fffe\U0007ffff\U0008fffe\U0008ffff\U0009fffe\U0009ffff\U000afffe\U000affff\U000bfffe\U000bffff\U000cfffe\U000cffff\U000dfffe\U000dffff\U000efffe\U000effff\U000ffffe\U000fffff\U0010fffe\U0010ffff]',
    '',
    'g'
  );
$$;
comment on function private.strip_text(text) is
  'Text without what could act on whoever shows it; line breaks become line feeds. Applied twice it changes nothing more.';
revoke execute on function private.strip_text(text) from public, anon, authenticated;
grant execute on function private.strip_text(text) to service_role;

create function private.clean_text(p_text text, p_max_length integer)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- Trimmed of every kind of space, again after the cut.
  select nullif(
    pg_catalog.btrim(
      pg_catalog.left(
        pg_catalog.btrim(pg_catalog.normalize(private.strip_text(p_text), 'NFC'), space.characters), p_max_length
      ),
      space.characters
    ),
    ''
  )
  from (
    select E' \t\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000'
  ) as space (characters);
$$;
comment on function private.clean_text(text, integer) is
  'Safe plain text in the composed form, trimmed and cut to a length in characters; null where nothing is left.';
revoke execute on function private.clean_text(text, integer) from public, anon, authenticated;
grant execute on function private.clean_text(text, integer) to service_role;

create function private.clean_json(p_value jsonb)
returns jsonb
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- On the value's text, however deep it is. There, controls below the space are escapes; all else stands as it is.
  select pg_catalog.regexp_replace(
    private.strip_text(
      pg_catalog.regexp_replace(
        -- Line breaks first, as long as what stands between them is still there. An escape begins after an even
        -- number of backslashes.
        pg_catalog.regexp_replace(p_value::text, '(?<!\\)((?:\\\\)*)\\r(?:\\n)?', '\1\\n', 'g'),
        '[\u0085\u2028\u2029]', '\\n', 'g'
      )
    ),
    -- The escapes that stay are matched as well, so that no match begins in the middle of one.
    '(\\[\\"nt])|\\[bf]|\\u00[01][0-9a-f]', '\1', 'g'
  )::jsonb;
$$;
comment on function private.clean_json(jsonb) is
  'The value with every text in it stripped as by private.strip_text, keys included.';
revoke execute on function private.clean_json(jsonb) from public, anon, authenticated;
grant execute on function private.clean_json(jsonb) to service_role;
