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

create or replace function private.clean_text(p_text text, p_max_length integer)
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

create function private.tg_jobs__clean()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  -- Visible ASCII from end to end is clean as it is: most texts are, and calls cost more than this look.
  v_plain constant text := '^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$';
  v_json_with_more constant text := '[^\x20-\x7e]|\\[bfru]';
begin
  -- Only what this statement writes: rows of before are clean.
  if (tg_op = 'INSERT' or new.stage is distinct from old.stage)
     and (new.stage !~ v_plain or pg_catalog.length(new.stage) > 100)
  then
    new.stage := private.clean_text(new.stage, 100);
  end if;
  if (tg_op = 'INSERT' or new.error is distinct from old.error)
     and (new.error !~ v_plain or pg_catalog.length(new.error) > 2000)
  then
    new.error := private.clean_text(new.error, 2000);
  end if;
  if (tg_op = 'INSERT' or new.input is distinct from old.input) and new.input::text ~ v_json_with_more then
    new.input := private.clean_json(new.input);
  end if;
  if (tg_op = 'INSERT' or new.result is distinct from old.result) and new.result::text ~ v_json_with_more then
    new.result := private.clean_json(new.result);
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__clean() is
  'Texts that workers write are safe for whoever shows them: stage (100 characters), error (2,000), and those in input and result.';
revoke execute on function private.tg_jobs__clean() from public, anon, authenticated;

-- By its name the first of the row triggers: the others see what is stored.
create trigger tg_jobs__clean
before insert or update of stage, error, input, result on public.jobs
for each row execute function private.tg_jobs__clean();
