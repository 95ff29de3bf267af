-- Cleaning text from outside. Functions clean the texts that they take. A row trigger cleans the texts of jobs, so that
-- plain SQL of a worker is covered, too. The rules are those of functions-shared/sanitize.ts.
--
--   removed    control characters, characters that reorder the text around them, byte order marks, noncharacters
--   replaced   every kind of line break, by a line feed
--   kept       joiners and direction marks, which scripts and emoji need

create function private.strip_text(p_text text) returns text
language sql immutable parallel safe security invoker set search_path = ''
as $$
  select pg_catalog.regexp_replace(
    pg_catalog.regexp_replace(p_text, '\r\n?|[\u0085\u2028\u2029]', E'\n', 'g'),
    '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U0004fffe\U0004ffff\U0005fffe\U0005ffff\U0006fffe\U0006ffff\U0007fffe\U0007ffff\U0008fffe\U0008ffff\U0009fffe\U0009ffff\U000afffe\U000affff\U000bfffe\U000bffff\U000cfffe\U000cffff\U000dfffe\U000dffff\U000efffe\U000effff\U000ffffe\U000fffff\U0010fffe\U0010ffff]',
    '',
    'g'
  );
$$;
comment on function private.strip_text(text) is
  'The text without characters that could change how a page or terminal shows other text. Applying it twice is applying it once.';
revoke execute on function private.strip_text(text) from public, anon, authenticated;
grant execute on function private.strip_text(text) to service_role;

create function private.clean_text(p_text text, p_max_length integer) returns text
language sql immutable parallel safe security invoker set search_path = ''
as $$
  -- The cut may end in a space, so the text is trimmed again after it.
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
  'Safe plain text in Unicode normal form C, without spaces at its ends, cut to a number of characters. Null when nothing is left.';
revoke execute on function private.clean_text(text, integer) from public, anon, authenticated;
grant execute on function private.clean_text(text, integer) to service_role;

create function private.clean_json(p_value jsonb) returns jsonb
language sql immutable parallel safe security invoker set search_path = ''
as $$
  -- Works on the JSON text, which covers strings at any depth. In JSON text, control characters below U+0020 are escapes
  -- such as \n; all other characters stand as they are.
  select pg_catalog.regexp_replace(
    private.strip_text(
      pg_catalog.regexp_replace(
        -- Line breaks first: removing a character between \r and \n would make one line break of two. An escape begins
        -- after an even number of backslashes.
        pg_catalog.regexp_replace(p_value::text, '(?<!\\)((?:\\\\)*)\\r(?:\\n)?', '\1\\n', 'g'),
        '[\u0085\u2028\u2029]', '\\n', 'g'
      )
    ),
    -- Escapes that are kept are matched and put back, so that no match begins in the middle of one.
    '(\\[\\"nt])|\\[bf]|\\u00[01][0-9a-f]', '\1', 'g'
  )::jsonb;
$$;
comment on function private.clean_json(jsonb) is
  'The value with every string in it, keys included, stripped as by private.strip_text.';
revoke execute on function private.clean_json(jsonb) from public, anon, authenticated;
grant execute on function private.clean_json(jsonb) to service_role;
