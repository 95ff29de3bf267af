-- What a Typeform response says: its answers in order and cleaned, and what a file is by its name.

create function private.url_decode(p_text text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
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
  -- Not UTF-8, or a NUL: the encoded form is at least readable.
  when character_not_in_repertoire or untranslatable_character then
    return p_text;
end;
$$;
comment on function private.url_decode(text) is
  'Text with %xx resolved; unchanged where that is not UTF-8. Null for an empty text. Never raises.';
revoke execute on function private.url_decode(text) from public, anon, authenticated;
grant execute on function private.url_decode(text) to service_role;

create function private.url_file_name(p_url text)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- The path's last segment; decoded, it might hold a path again, of which the last segment counts as well.
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
  'The file name that a URL ends with, for display; null where there is none. Never raises.';
revoke execute on function private.url_file_name(text) from public, anon, authenticated;
grant execute on function private.url_file_name(text) to service_role;

create function private.document_kind(p_file_name text, p_field_ref text)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select case
    when name.extension in (
      'jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'heic', 'heif', 'avif', 'gif', 'bmp', 'tif', 'tiff', 'svg'
    ) then 'photo'
    when name.extension in (
      'mp3', 'm4a', 'wav', 'ogg', 'oga', 'opus', 'weba', 'webm', 'aac', 'flac', 'amr', '3gp', 'caf'
    ) then 'audio'
    when name.extension in (
      'pdf', 'txt', 'rtf', 'csv', 'doc', 'docx', 'odt', 'xls', 'xlsx', 'ods', 'ppt', 'pptx', 'zip', 'eml', 'msg',
      'mp4', 'mov', 'avi', 'mkv'
    ) then 'attachment'
    when name.extension is null and p_field_ref ~* 'voice|audio|recording' then 'audio'
    -- Whatever it claims to be, the worker looks at its bytes, and the user is told when it is no photo.
    else 'photo'
  end
  from (
    select pg_catalog.lower(substring(p_file_name from '\.([A-Za-z0-9]{1,10})$')) as extension
  ) as name;
$$;
comment on function private.document_kind(text, text) is
  'photo, audio or attachment: by the file name''s extension, without one by the name of the form field. What is not known is taken for a photo: its bytes tell the worker, and nothing passes without a word.';
revoke execute on function private.document_kind(text, text) from public, anon, authenticated;
grant execute on function private.document_kind(text, text) to service_role;

create function private.typeform_answers(p_form jsonb)
returns table ("position" integer, ref text, question text, field_type text, type text, value jsonb)
language sql
immutable
security invoker
set search_path = ''
as $$
  select
    item.position::integer,
    private.clean_text(item.answer #>> '{field,ref}', 200),
    private.clean_text(definition.field ->> 'title', 500),
    coalesce(item.answer #>> '{field,type}', definition.field ->> 'type'),
    item.answer ->> 'type',
    case item.answer ->> 'type'
      when 'choice' then pg_catalog.to_jsonb(private.clean_text(coalesce(item.answer #>> '{choice,label}', item.answer #>> '{choice,other}'), 1000))
      when 'choices' then (
        select coalesce(pg_catalog.jsonb_agg(private.clean_text(label.value, 1000) order by label.position), '[]')
        from (
          select entry.value, entry.position
          from pg_catalog.jsonb_array_elements_text(
            case pg_catalog.jsonb_typeof(item.answer #> '{choices,labels}')
              when 'array' then item.answer #> '{choices,labels}'
              else '[]'
            end
          ) with ordinality as entry (value, position)
          union all
          select item.answer #>> '{choices,other}', 1000000
          where item.answer #>> '{choices,other}' is not null
        ) as label
      )
      else case pg_catalog.jsonb_typeof(item.answer -> (item.answer ->> 'type'))
        when 'string' then pg_catalog.to_jsonb(private.clean_text(item.answer ->> (item.answer ->> 'type'), 20000))
        else item.answer -> (item.answer ->> 'type')
      end
    end
  from pg_catalog.jsonb_array_elements(p_form -> 'answers') with ordinality as item (answer, position)
  left join lateral (
    select entry.value as field
    from pg_catalog.jsonb_array_elements(
      case pg_catalog.jsonb_typeof(p_form #> '{definition,fields}')
        when 'array' then p_form #> '{definition,fields}'
        else '[]'
      end
    ) as entry
    where entry.value ->> 'id' = item.answer #>> '{field,id}'
    limit 1
  ) as definition on true;
$$;
comment on function private.typeform_answers(jsonb) is
  'The answers of a form_response with their questions, cleaned; p_form must have a list of objects in answers.';
revoke execute on function private.typeform_answers(jsonb) from public, anon, authenticated;
grant execute on function private.typeform_answers(jsonb) to service_role;
