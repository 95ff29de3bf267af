-- Typeform: a response of the form becomes an incident with documents, in one transaction, and once.
--
--   user, no address to write to     that user's incident
--   user and address                 that user's incident, and an invitation by mail to the new account
--   address alone                    a waiting claim (waiting_claims.sql), and the question whose it is by mail
--
--   answers ──▶ title, description, occurred_on, reporter_email   by the field's ref, else by the type of the answer
--           └─▶ files ──▶ documents                               one per file; a trigger inserts their jobs

create function private.typeform_answers(p_form jsonb)
returns table ("position" integer, ref text, question text, field_type text, type text, value jsonb)
language sql immutable security invoker set search_path = ''
as $$
  select
    item.position::integer,
    private.clean_text(item.answer #>> '{field,ref}', 200),
    private.clean_text(definition.field ->> 'title', 500),
    coalesce(item.answer #>> '{field,type}', definition.field ->> 'type'),
    item.answer ->> 'type',
    case item.answer ->> 'type'
      when 'choice' then pg_catalog.to_jsonb(
        private.clean_text(coalesce(item.answer #>> '{choice,label}', item.answer #>> '{choice,other}'), 1000)
      )
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
  'The answers of a form_response with their questions, cleaned. The caller has checked that answers is a list of objects.';
revoke execute on function private.typeform_answers(jsonb) from public, anon, authenticated;
grant execute on function private.typeform_answers(jsonb) to service_role;

create function public.receive_typeform_response(
  p_response jsonb,
  p_user_id uuid default null,
  p_mail_to text default null
)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_max_answers constant integer := 1000;
  v_form jsonb;
  v_token text;
  v_now constant timestamptz := pg_catalog.now();
  v_incident_id uuid;
  v_user_id uuid;
  v_duplicate boolean := false;
  v_title text;
  v_title_position integer;
  v_description text;
  v_occurred_on date;
  v_email text;
  v_answers jsonb;
  v_files jsonb;
  v_holder_id uuid;
  -- Of no account: a response that is known needs none, any other is refused.
  v_nobody constant uuid := pg_catalog.gen_random_uuid();
begin
  -- The webhook takes requests of at most 1 MB. As jsonb writes them, with spaces, they are a little longer.
  perform private.check_json('p_response', p_response, 2097152);
  perform private.check_size('p_mail_to', pg_catalog.octet_length(p_mail_to), 320);
  v_form := p_response -> 'form_response';
  v_token := v_form ->> 'token';
  if coalesce(pg_catalog.jsonb_typeof(v_form), '') <> 'object'
     or coalesce(pg_catalog.jsonb_typeof(v_form -> 'token'), '') <> 'string'
     or v_token !~ '^[A-Za-z0-9_-]{1,128}$'
  then
    raise exception 'invalid_form_response' using errcode = 'PT400', detail = 'There is no form_response with a token.';
  end if;
  if coalesce(pg_catalog.jsonb_typeof(v_form -> 'answers'), 'null') = 'null' then
    v_answers := '[]';
  elsif pg_catalog.jsonb_typeof(v_form -> 'answers') = 'array' then
    v_answers := v_form -> 'answers';
  else
    raise exception 'invalid_form_response' using errcode = 'PT400', detail = 'The answers are not a list.';
  end if;
  -- Each answer is looked up among the fields.
  if pg_catalog.jsonb_array_length(v_answers) > v_max_answers
     or pg_catalog.jsonb_path_exists(
       v_form,
       'strict $.definition.fields ? (@.type() == "array" && @.size() > $max)',
       pg_catalog.jsonb_build_object('max', v_max_answers), true
     )
  then
    raise exception 'message_too_large' using
      errcode = 'PT413', detail = pg_catalog.format('A form has at most %s fields.', v_max_answers);
  end if;
  if exists (
    select from pg_catalog.jsonb_array_elements(v_answers) as answer
    where pg_catalog.jsonb_typeof(answer.value) <> 'object'
      or coalesce(pg_catalog.jsonb_typeof(answer.value -> 'type'), '') <> 'string'
      or (
        answer.value ->> 'type' in ('file_url', 'text', 'email', 'date')
        and coalesce(pg_catalog.jsonb_typeof(answer.value -> (answer.value ->> 'type')), '') <> 'string'
      )
  ) then
    raise exception 'invalid_form_response' using errcode = 'PT400', detail = 'An answer has no type or no value of it.';
  end if;

  v_form := v_form || pg_catalog.jsonb_build_object('answers', v_answers);

  -- The answer to a field with a known ref, else the first answer of a fitting type.
  select answer.value #>> '{}', answer.position
  into v_title, v_title_position
  from private.typeform_answers(v_form) as answer
  where answer.type = 'text'
    and answer.value #>> '{}' is not null
    and (
      answer.ref in ('title', 'incident_title')
      or (answer.field_type = 'short_text' and coalesce(answer.ref, '') not in ('description', 'incident_description'))
    )
  order by (answer.ref in ('title', 'incident_title')) desc nulls last, answer.position
  limit 1;

  select answer.value #>> '{}'
  into v_description
  from private.typeform_answers(v_form) as answer
  where answer.type = 'text'
    and answer.value #>> '{}' is not null
    and answer.position is distinct from v_title_position
    and (answer.ref in ('description', 'incident_description') or answer.field_type is distinct from 'short_text')
  order by
    (answer.ref in ('description', 'incident_description')) desc nulls last,
    (answer.field_type = 'long_text') desc nulls last,
    answer.position
  limit 1;

  select private.try_date(answer.value #>> '{}')
  into v_occurred_on
  from private.typeform_answers(v_form) as answer
  where answer.type = 'date' and private.try_date(answer.value #>> '{}') is not null
  order by
    (answer.ref in ('incident_date', 'occurred_on', 'accident_date', 'date')) desc nulls last,
    answer.position
  limit 1;

  select answer.value #>> '{}'
  into v_email
  from private.typeform_answers(v_form) as answer
  where answer.type = 'email' and answer.value #>> '{}' is not null
  order by (answer.ref in ('email', 'reporter_email')) desc nulls last, answer.position
  limit 1;

  select
    coalesce(
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'ref', answer.ref, 'question', answer.question, 'type', answer.type, 'value', answer.value
        )
        order by answer.position
      ),
      '[]'
    ),
    coalesce(
      pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('position', answer.position, 'ref', answer.ref, 'url', answer.value)
        order by answer.position
      ) filter (where answer.type = 'file_url' and answer.value <> 'null'),
      '[]'
    )
  into v_answers, v_files
  from private.typeform_answers(v_form) as answer;

  if p_user_id is null and p_mail_to is not null
     and not exists (select from public.incidents as incident where incident.source_token = v_token)
  then
    v_holder_id := private.hold_claim();
  end if;
  -- The staff are told of the claim, and the owner of its jobs.
  perform private.lock_heads_of_claim(coalesce(p_user_id, v_holder_id));
  begin
    -- Of several deliveries of a response at once, one inserts it. The others wait here and then find it.
    insert into public.incidents (
      user_id, title, description, occurred_on, reporter_email, source, source_token, answers
    ) values (
      coalesce(p_user_id, v_holder_id, v_nobody),
      coalesce(
        private.clean_text(v_title, 200),
        'Crash report of ' || coalesce(v_occurred_on, private.try_date(v_form ->> 'submitted_at'), v_now::date)
      ),
      v_description, v_occurred_on, v_email, 'typeform', v_token, v_answers
    )
    on conflict (source_token) do nothing
    returning id, user_id into v_incident_id, v_user_id;
  exception
    when foreign_key_violation or not_null_violation then
      raise exception 'user_unknown' using errcode = 'PT422', detail = 'There is no such user.';
  end;

  if v_incident_id is null then
    v_duplicate := true;
    select incident.id, incident.user_id
    into strict v_incident_id, v_user_id
    from public.incidents as incident
    where incident.source_token = v_token;
    perform private.forget_holder(v_holder_id);
  else
    perform private.expect_claim(v_incident_id, v_holder_id, p_mail_to);
    insert into public.incident_members (incident_id, user_id, role) values (v_incident_id, v_user_id, 'owner');

    insert into public.documents (
      incident_id, user_id, kind, document_type, source_url, source_ref, file_name, created_at
    )
    select
      v_incident_id, v_user_id, file.kind, file.kind, entry.url, entry.ref, file.name,
      -- The times keep the order of the form.
      v_now + entry.position * interval '1 microsecond'
    from pg_catalog.jsonb_to_recordset(v_files) as entry ("position" integer, ref text, url text)
    cross join lateral (select private.url_file_name(entry.url) as name) as url
    cross join lateral (select url.name, private.document_kind(url.name, entry.ref) as kind) as file;
  end if;

  return pg_catalog.jsonb_build_object(
    'incident_id', v_incident_id,
    'user_id', v_user_id,
    'document_ids', (
      select coalesce(pg_catalog.jsonb_agg(document.id order by document.created_at, document.id), '[]')
      from public.documents as document
      where document.incident_id = v_incident_id
    ),
    'job_ids', (
      select coalesce(pg_catalog.jsonb_agg(job.id order by job.created_at, job.id), '[]')
      from public.jobs as job
      where job.incident_id = v_incident_id
    ),
    'duplicate', v_duplicate
  );
end;
$$;
comment on function public.receive_typeform_response(jsonb, uuid, text) is
  'Stores a Typeform response as an incident with its owner, documents and jobs, once per form_response.token, and queues the mail to p_mail_to. Without p_user_id the claim waits for the owner of that address. Returns {incident_id, user_id, document_ids, job_ids, duplicate}. Errors: message_too_large, invalid_form_response, user_unknown.';
revoke execute on function public.receive_typeform_response(jsonb, uuid, text) from public, anon, authenticated;
grant execute on function public.receive_typeform_response(jsonb, uuid, text) to service_role;
