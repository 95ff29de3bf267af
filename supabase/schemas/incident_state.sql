-- Where a case stands, as the people of the firm say: new, in_progress, waiting_for_claimant, done. Any state may follow any
-- other; incident_events has each change with its author.

create function public.set_incident_state(p_incident_id uuid, p_state text) returns public.incidents
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_incident public.incidents;
begin
  perform private.check_size('p_state', pg_catalog.octet_length(p_state), 256);
  perform private.count_call('set_incident_state');
  perform private.require_firm(p_incident_id);
  if p_state is null or p_state not in ('new', 'in_progress', 'waiting_for_claimant', 'done') then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'A state is new, in_progress, waiting_for_claimant or done.';
  end if;
  perform private.lock_incidents(array[p_incident_id]);
  perform private.require_firm(p_incident_id);

  update public.incidents as incident
  set state = p_state, state_by = v_user_id, state_at = pg_catalog.clock_timestamp()
  where incident.id = p_incident_id and incident.state <> p_state
  returning incident.* into v_incident;
  if not found then
    select incident.* into v_incident from public.incidents as incident where incident.id = p_incident_id;
    return v_incident;
  end if;
  perform private.add_incident_event(p_incident_id, 'state_changed', v_user_id, p_state => p_state);
  return v_incident;
end;
$$;
comment on function public.set_incident_state(uuid, text) is
  'Sets where a case stands, for its handlers, the staff while it has none, and admins. Returns the incident. Setting the state that it has changes nothing. Errors: message_too_large, not_signed_in, incident_not_found, role_forbidden, invalid_arguments, rate_limited.';
revoke execute on function public.set_incident_state(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.set_incident_state(uuid, text) to authenticated;
