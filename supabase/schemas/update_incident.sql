-- Changes of an incident by its members: date, description and title. The column answers keeps what the reporter said.
--
--   update_incident ──▶ sizes ──▶ rate ──▶ member? ──▶ values ──▶ row, if a value changes ──▶ broadcast

create function public.update_incident(
  p_incident_id uuid,
  p_occurred_on date default null,
  p_description text default null,
  p_title text default null
) returns public.incidents
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_max_description constant integer := 20000;
  v_max_title constant integer := 200;
  v_first_day constant date := '1900-01-01';
  -- Today in the time zone where the day begins first.
  v_last_day constant date := (pg_catalog.clock_timestamp() at time zone 'Pacific/Kiritimati')::date;
  v_user_id constant uuid := auth.uid();
  v_description text;
  v_title text;
  v_incident public.incidents;
begin
  perform private.check_size('p_description', pg_catalog.octet_length(p_description), 131072);
  perform private.check_size('p_title', pg_catalog.octet_length(p_title), 4096);
  perform private.count_call('update_incident');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can change incidents.';
  end if;
  if not private.is_incident_member(p_incident_id) then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;
  perform private.refuse_viewer(p_incident_id);
  if p_occurred_on is null and p_description is null and p_title is null then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'Nothing to change was given.';
  end if;
  if p_occurred_on not between v_first_day and v_last_day then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = pg_catalog.format('p_occurred_on is a day from %s until today.', v_first_day);
  end if;
  v_description := private.clean_text(p_description, v_max_description + 1);
  v_title := private.clean_text(pg_catalog.translate(p_title, E'\r\n\t', '   '), v_max_title + 1);
  if (p_description is not null and v_description is null) or (p_title is not null and v_title is null) then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'A description and a title have at least one character.';
  end if;
  -- A text that is too long is refused. Cutting it would lose text without a word.
  if pg_catalog.char_length(v_description) > v_max_description or pg_catalog.char_length(v_title) > v_max_title then
    raise exception 'message_too_large' using
      errcode = 'PT413',
      detail = pg_catalog.format(
        'A description has at most %s characters, a title %s.', v_max_description, v_max_title
      );
  end if;

  update public.incidents as incident
  set
    occurred_on = coalesce(p_occurred_on, incident.occurred_on),
    description = coalesce(v_description, incident.description),
    title = coalesce(v_title, incident.title)
  where incident.id = p_incident_id
    and (
      p_occurred_on <> incident.occurred_on
      or v_description <> incident.description
      or v_title <> incident.title
      or (p_occurred_on is not null and incident.occurred_on is null)
      or (v_description is not null and incident.description is null)
    )
  returning incident.* into v_incident;
  if not found then
    -- The incident has these values already: nothing is broadcast.
    select incident.* into v_incident from public.incidents as incident where incident.id = p_incident_id;
    if not found then
      raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
    end if;
    return v_incident;
  end if;

  perform private.tell_incident(p_incident_id, 'incidents', v_user_id);
  return v_incident;
end;
$$;
comment on function public.update_incident(uuid, date, text, text) is
  'Sets the day (from 1900 until today), description (at most 20,000 characters) and title (200) of an incident, for its members, and tells them. Null leaves a value as it is. Returns the incident. Errors: not_signed_in, incident_not_found, role_forbidden, invalid_arguments, message_too_large, rate_limited.';
revoke execute on function public.update_incident(uuid, date, text, text) from public, anon, authenticated, service_role;
grant execute on function public.update_incident(uuid, date, text, text) to authenticated;
