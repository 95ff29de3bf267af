-- Names of files from outside: the name in a URL, a name for display, and the kind of document that a name suggests.

create function private.url_decode(p_text text) returns text
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  -- Longer than any URL: not taken apart.
  if pg_catalog.octet_length(p_text) > 65536 then
    return p_text;
  end if;
  return (
    select pg_catalog.convert_from(
      pg_catalog.string_agg(
        case
          when part.match[1] ~ '^%[0-9a-fA-F]{2}$' then pg_catalog.decode(pg_catalog.substr(part.match[1], 2), 'hex')
          else pg_catalog.convert_to(part.match[1], 'utf8')
        end,
        ''::bytea
        order by part.position
      ),
      'utf8'
    )
    from pg_catalog.regexp_matches(p_text, '%[0-9a-fA-F]{2}|[^%]+|%', 'g') with ordinality as part (match, position)
  );
exception
  -- The bytes are not UTF-8, or contain a NUL. The encoded form can at least be read.
  when character_not_in_repertoire or untranslatable_character then
    return p_text;
end;
$$;
comment on function private.url_decode(text) is
  'The text with %xx decoded. Unchanged when the bytes are not UTF-8 or the text has more than 64 KB, null for an empty text. Never raises an error.';
revoke execute on function private.url_decode(text) from public, anon, authenticated;
grant execute on function private.url_decode(text) to service_role;

create function private.url_file_name(p_url text) returns text
language sql immutable parallel safe security invoker set search_path = ''
as $$
  -- The last segment of the path. Decoded, it may contain slashes again: then the last segment of that.
  select private.clean_text(
    pg_catalog.regexp_replace(
      private.url_decode(
        substring(
          pg_catalog.regexp_replace(p_url, '^[^:/?#]+://[^/?#]*|[?#].*$', '', 'g') from '[^/]*$'
        )
      ),
      '^.*[/\\]',
      ''
    ),
    255
  );
$$;
comment on function private.url_file_name(text) is
  'The file name at the end of a URL, for display. Null when the URL has none. Never raises an error.';
revoke execute on function private.url_file_name(text) from public, anon, authenticated;
grant execute on function private.url_file_name(text) to service_role;

create function private.base_name(p_file_name text) returns text
language sql immutable parallel safe security invoker set search_path = ''
as $$
  select private.clean_text(
    case
      -- A long name is cut before its extension, which says what the file is.
      when pg_catalog.char_length(name.base) > 200
      then pg_catalog.left(name.base, 200 - pg_catalog.char_length(name.extension)) || name.extension
      else name.base
    end,
    200
  )
  from (
    select base.base, coalesce(substring(base.base from '\.[A-Za-z0-9]{1,10}$'), '') as extension
    from (
      -- Line breaks become spaces. What stands before a slash or backslash is a folder on the sender's device.
      select substring(
        pg_catalog.translate(private.clean_text(p_file_name, 5000), E'\n\t', '  ') from '[^/\\]*$'
      ) as base
    ) as base
  ) as name
  where pg_catalog.btrim(name.base, ' .') <> '';
$$;
comment on function private.base_name(text) is
  'A file name for display: one safe line of at most 200 characters, without folders. Null when nothing is left.';
revoke execute on function private.base_name(text) from public, anon, authenticated;
grant execute on function private.base_name(text) to service_role;

create function private.document_kind(p_file_name text, p_field_ref text) returns text
language sql immutable parallel safe security invoker set search_path = ''
as $$
  select case
    when name.extension in (
      'jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'heic', 'heif', 'avif', 'gif', 'bmp', 'tif', 'tiff', 'svg'
    ) then 'photo'
    when name.extension in (
      'mp3', 'm4a', 'wav', 'ogg', 'oga', 'opus', 'weba', 'webm', 'aac', 'flac', 'amr', '3gp', 'caf', 'qta'
    ) then 'audio'
    when name.extension in (
      'pdf', 'txt', 'rtf', 'csv', 'doc', 'docx', 'odt', 'xls', 'xlsx', 'ods', 'ppt', 'pptx', 'zip', 'eml', 'msg',
      'mp4', 'mov', 'm4v', 'avi', 'mkv'
    ) then 'attachment'
    when name.extension is null and p_field_ref ~* 'voice|audio|recording' then 'audio'
    -- Not known by its name: process-image looks at the bytes, and its job fails with a message when there is no photo.
    else 'photo'
  end
  from (
    select pg_catalog.lower(substring(p_file_name from '\.([A-Za-z0-9]{1,10})$')) as extension
  ) as name;
$$;
comment on function private.document_kind(text, text) is
  'photo, audio or attachment, by the extension of the file name; without an extension, by the name of the form field. A file that neither tells apart is a photo, because process-image looks at its bytes.';
revoke execute on function private.document_kind(text, text) from public, anon, authenticated;
grant execute on function private.document_kind(text, text) to service_role;
