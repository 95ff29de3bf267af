-- Members of a case: who comes, who goes, who handles it. People change members through these functions alone.
--
--   function            owner              handler, staff (no handler yet), admin       viewer
--   add_member          viewers            viewers, and staff as handlers               -
--   remove_member       viewers            everybody but the owner                      themselves
--   set_member_role     -                  everybody but the owner                      -
--   assign, unassign    -                  staff                                        -
--   take_incident       any person of the staff, while the case has no handler
--
-- Each function: bounds ▸ permission ▸ locks ▸ permission again, as it is now ▸ row ▸ event, broadcast.

create function private.require_incident_role(p_incident_id uuid) returns text
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_role text;
begin
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can do this.';
  end if;
  v_role := private.incident_role(p_incident_id);
  if v_role is null then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;
  return v_role;
end;
$$;
comment on function private.require_incident_role(uuid) is
  'As incident_role, for a caller who sees the incident. Errors: not_signed_in, incident_not_found.';
revoke execute on function private.require_incident_role(uuid) from public, anon, authenticated;

create function private.require_firm(p_incident_id uuid) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if private.require_incident_role(p_incident_id) not in ('handler', 'staff', 'admin') then
    raise exception 'role_forbidden' using
      errcode = 'PT403', detail = 'Only the case''s handlers and admins can do this, and the staff while it has no handler.';
  end if;
end;
$$;
comment on function private.require_firm(uuid) is
  'Refuses everybody who does not act for the firm on this case. The owner of a case never does, also if they are staff. Errors: not_signed_in, incident_not_found, role_forbidden.';
revoke execute on function private.require_firm(uuid) from public, anon, authenticated;

create function private.set_member(p_incident_id uuid, p_user_id uuid, p_role text) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_before text;
begin
  if p_role is null or p_role not in ('viewer', 'handler') then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A member''s role is viewer or handler.';
  end if;
  if p_role = 'handler' and not exists (select from public.staff as staff where staff.user_id = p_user_id) then
    raise exception 'not_staff' using errcode = 'PT409', detail = 'Only staff of the firm handle cases.';
  end if;
  if exists (
    select from public.incidents as incident where incident.id = p_incident_id and incident.user_id = p_user_id
  ) then
    raise exception 'owner_stays' using errcode = 'PT409', detail = 'The owner of a case stays its owner.';
  end if;
  select member.role into v_before
  from public.incident_members as member
  where member.incident_id = p_incident_id and member.user_id = p_user_id;
  if v_before = p_role then
    return;
  end if;
  insert into public.incident_members as member (incident_id, user_id, role)
  values (p_incident_id, p_user_id, p_role)
  on conflict (incident_id, user_id) do update set role = excluded.role;
  perform private.add_incident_event(
    p_incident_id,
    case when p_role = 'handler' then 'assigned' when v_before is null then 'member_added' else 'role_changed' end,
    auth.uid(), p_user_id, p_role
  );
end;
$$;
comment on function private.set_member(uuid, uuid, text) is
  'Makes a user a member of an incident, or gives a member another role. Errors: invalid_arguments, not_staff, owner_stays.';
revoke execute on function private.set_member(uuid, uuid, text) from public, anon, authenticated;

create function private.drop_member(p_incident_id uuid, p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_role text;
begin
  delete from public.incident_members as member
  where member.incident_id = p_incident_id and member.user_id = p_user_id
  returning member.role into v_role;
  if not found then
    return;
  end if;
  perform private.add_incident_event(
    p_incident_id, case v_role when 'handler' then 'unassigned' else 'member_removed' end, auth.uid(), p_user_id, v_role
  );
end;
$$;
comment on function private.drop_member(uuid, uuid) is 'Removes a member from an incident.';
revoke execute on function private.drop_member(uuid, uuid) from public, anon, authenticated;

create function private.member_role(p_incident_id uuid, p_user_id uuid) returns text
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_role text;
begin
  select case when incident.user_id = p_user_id then 'owner' else member.role end into v_role
  from public.incidents as incident
  left join public.incident_members as member
    on member.incident_id = incident.id and member.user_id = p_user_id
  where incident.id = p_incident_id;
  if v_role is null then
    raise exception 'member_not_found' using errcode = 'PT404', detail = 'The person is not on this case.';
  end if;
  return v_role;
end;
$$;
comment on function private.member_role(uuid, uuid) is 'The role of a member of an incident. Errors: member_not_found.';
revoke execute on function private.member_role(uuid, uuid) from public, anon, authenticated;

create function public.add_member(p_incident_id uuid, p_email text, p_role text default 'viewer') returns jsonb
language plpgsql volatile
-- Definer: people write no table and read no account. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_email text;
  v_caller text;
  v_account_id uuid;
  v_invitation_id uuid;
begin
  perform private.check_size('p_email', pg_catalog.octet_length(p_email), 1024);
  perform private.check_size('p_role', pg_catalog.octet_length(p_role), 256);
  perform private.count_call('add_member');
  v_caller := private.require_incident_role(p_incident_id);
  if p_role is null or p_role not in ('viewer', 'handler') then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A member''s role is viewer or handler.';
  end if;
  if v_caller = 'viewer' or (v_caller = 'owner' and p_role <> 'viewer') then
    raise exception 'role_forbidden' using
      errcode = 'PT403', detail = 'An owner adds viewers. Handlers are added by the firm.';
  end if;
  v_email := private.email_address(coalesce(p_email, ''));
  v_account_id := private.confirmed_account(v_email);

  perform private.lock_incidents(array[p_incident_id], v_account_id);
  if private.require_incident_role(p_incident_id) <> v_caller then
    raise exception 'role_forbidden' using errcode = 'PT403', detail = 'Your role on the case has just changed.';
  end if;
  if exists (
    select
    from auth.users as account
    where account.email = v_email
      and (
        exists (
          select from public.incident_members as member
          where member.incident_id = p_incident_id and member.user_id = account.id
        )
        or exists (
          select from public.incidents as incident
          where incident.id = p_incident_id and incident.user_id = account.id
        )
      )
  ) then
    raise exception 'already_member' using errcode = 'PT409', detail = 'The person is on the case already.';
  end if;
  if (
    select pg_catalog.count(*) from public.incident_members as member where member.incident_id = p_incident_id
  ) + (
    select pg_catalog.count(*) from public.invitations as invitation
    where invitation.incident_id = p_incident_id and invitation.email <> v_email
  ) >= (select limits.max_incident_members from private.limits as limits) then
    raise exception 'too_many_members' using errcode = 'PT409', detail = 'private.limits says how many there may be.';
  end if;

  -- The firm may know who has an account; a claimant may not. See invitations.sql.
  if v_caller <> 'owner' and v_account_id is not null then
    perform private.set_member(p_incident_id, v_account_id, p_role);
    delete from public.invitations as invitation
    where invitation.incident_id = p_incident_id and invitation.email = v_email;
    return pg_catalog.jsonb_build_object('status', 'added', 'userId', v_account_id);
  end if;
  if p_role = 'handler' then
    raise exception 'not_staff' using errcode = 'PT409', detail = 'Only staff of the firm handle cases.';
  end if;
  v_invitation_id := private.invite(p_incident_id, v_email, p_role);
  perform private.add_incident_event(p_incident_id, 'member_invited', v_user_id, p_role => p_role);
  return pg_catalog.jsonb_build_object('status', 'invited', 'invitationId', v_invitation_id);
end;
$$;
comment on function public.add_member(uuid, text, text) is
  'Adds a person to a case by their address, as a viewer or handler. Returns {"status": "added", "userId"} or {"status": "invited", "invitationId"}: the place waits until an account with this confirmed address signs in. What an owner adds is always an invitation. Errors: message_too_large, not_signed_in, incident_not_found, invalid_arguments, role_forbidden, email_invalid, rate_limited, already_member, too_many_members, not_staff.';
revoke execute on function public.add_member(uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function public.add_member(uuid, text, text) to authenticated;

create function public.remove_member(p_incident_id uuid, p_user_id uuid) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_caller text;
  v_role text;
begin
  perform private.count_call('remove_member');
  perform private.require_incident_role(p_incident_id);
  perform private.lock_incidents(array[p_incident_id]);
  v_caller := private.require_incident_role(p_incident_id);
  v_role := private.member_role(p_incident_id, p_user_id);
  if v_role = 'owner' then
    raise exception 'owner_stays' using errcode = 'PT409', detail = 'The owner of a case stays its owner.';
  end if;
  if p_user_id <> auth.uid() and (
    v_caller = 'viewer'
    or (
      v_caller = 'owner'
      and (v_role = 'handler' or exists (select from public.staff as staff where staff.user_id = p_user_id))
    )
  ) then
    raise exception 'role_forbidden' using
      errcode = 'PT403', detail = 'An owner removes viewers, and not the firm''s staff. A viewer removes nobody else.';
  end if;
  perform private.drop_member(p_incident_id, p_user_id);
end;
$$;
comment on function public.remove_member(uuid, uuid) is
  'Removes a member, or the caller, from a case. The person has lost the case with the commit: rows, files and channel. Errors: not_signed_in, incident_not_found, member_not_found, owner_stays, role_forbidden, rate_limited.';
revoke execute on function public.remove_member(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_member(uuid, uuid) to authenticated;

create function public.set_member_role(p_incident_id uuid, p_user_id uuid, p_role text) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
begin
  perform private.check_size('p_role', pg_catalog.octet_length(p_role), 256);
  perform private.count_call('set_member_role');
  perform private.require_firm(p_incident_id);
  perform private.lock_incidents(array[p_incident_id]);
  perform private.require_firm(p_incident_id);
  perform private.member_role(p_incident_id, p_user_id);
  perform private.set_member(p_incident_id, p_user_id, p_role);
end;
$$;
comment on function public.set_member_role(uuid, uuid, text) is
  'Gives a member of a case another role, viewer or handler; staff only can be handlers. Errors: message_too_large, not_signed_in, incident_not_found, role_forbidden, member_not_found, rate_limited, invalid_arguments, not_staff, owner_stays.';
revoke execute on function public.set_member_role(uuid, uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.set_member_role(uuid, uuid, text) to authenticated;

create function public.assign_incident(p_incident_id uuid, p_user_id uuid) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
begin
  perform private.count_call('assign_incident');
  perform private.require_firm(p_incident_id);
  perform private.lock_incidents(array[p_incident_id], p_user_id);
  perform private.require_firm(p_incident_id);
  perform private.set_member(p_incident_id, p_user_id, 'handler');
end;
$$;
comment on function public.assign_incident(uuid, uuid) is
  'Makes a person of the staff a handler of a case, beside the handlers that it has. Errors: not_signed_in, incident_not_found, role_forbidden, rate_limited, not_staff, owner_stays.';
revoke execute on function public.assign_incident(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.assign_incident(uuid, uuid) to authenticated;

create function public.unassign_incident(p_incident_id uuid, p_user_id uuid) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
begin
  perform private.count_call('unassign_incident');
  perform private.require_firm(p_incident_id);
  perform private.lock_incidents(array[p_incident_id]);
  perform private.require_firm(p_incident_id);
  if private.member_role(p_incident_id, p_user_id) <> 'handler' then
    raise exception 'member_not_found' using errcode = 'PT404', detail = 'The person does not handle this case.';
  end if;
  perform private.drop_member(p_incident_id, p_user_id);
end;
$$;
comment on function public.unassign_incident(uuid, uuid) is
  'Takes a handler off a case. A case without a handler is seen by all staff again. Errors: not_signed_in, incident_not_found, role_forbidden, member_not_found, rate_limited.';
revoke execute on function public.unassign_incident(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.unassign_incident(uuid, uuid) to authenticated;

create function public.take_incident(p_incident_id uuid) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  perform private.count_call('take_incident');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can take a case.';
  end if;
  if private.staff_role() is null then
    raise exception 'role_forbidden' using errcode = 'PT403', detail = 'Only staff of the firm take cases.';
  end if;
  perform private.lock_incidents(array[p_incident_id], v_user_id);
  if private.incident_role(p_incident_id) = 'handler' then
    return;
  end if;
  -- Of two people who take a case at the same moment, the second finds the first here. Staff may know that a case exists
  -- that they no longer see.
  if exists (
    select from public.incidents as incident where incident.id = p_incident_id and not incident.unassigned
  ) then
    raise exception 'incident_taken' using errcode = 'PT409', detail = 'The case has a handler.';
  end if;
  perform private.require_firm(p_incident_id);
  perform private.set_member(p_incident_id, v_user_id, 'handler');
end;
$$;
comment on function public.take_incident(uuid) is
  'Makes the caller, a person of the staff, the handler of a case that has none. Taking one''s own case again changes nothing. Errors: not_signed_in, role_forbidden, incident_taken, incident_not_found, rate_limited.';
revoke execute on function public.take_incident(uuid) from public, anon, authenticated, service_role;
grant execute on function public.take_incident(uuid) to authenticated;

create function private.person_name(p_meta jsonb, p_email text) returns text
language plpgsql immutable security invoker set search_path = ''
as $$
begin
  return coalesce(
    private.clean_text(coalesce(p_meta ->> 'full_name', p_meta ->> 'name'), 80), private.clean_text(p_email, 120), 'Somebody'
  );
end;
$$;
comment on function private.person_name(jsonb, text) is 'What a person is called: the name they gave, else their address.';
revoke execute on function private.person_name(jsonb, text) from public, anon, authenticated;

create function public.incident_people(p_incident_id uuid)
returns table (user_id uuid, role text, name text, is_staff boolean)
language plpgsql stable
-- Definer: names are in auth.users, which no API role may read. The function shows them to people who see the incident.
security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  if not private.is_incident_member(p_incident_id) then
    return;
  end if;
  return query
    select
      person.id,
      case when person.id = incident.user_id then 'owner' else coalesce(member.role, 'none') end,
      private.person_name(person.raw_user_meta_data, person.email),
      staff.user_id is not null
    from public.incidents as incident
    cross join lateral (
      select incident.user_id as id
      union
      select other.user_id from public.incident_members as other where other.incident_id = incident.id
      union
      select note.author_id from public.case_notes as note where note.incident_id = incident.id
      union
      select event.actor_id from public.incident_events as event where event.incident_id = incident.id
      union
      select event.user_id from public.incident_events as event where event.incident_id = incident.id
      union
      select auth.uid()
    ) as named
    join auth.users as person on person.id = named.id
    left join public.incident_members as member on member.incident_id = incident.id and member.user_id = person.id
    left join public.staff as staff on staff.user_id = person.id
    where incident.id = p_incident_id;
end;
$$;
comment on function public.incident_people(uuid) is
  'Names of the members of an incident, of the writers of its notes and events, and of the caller: the name they gave, else their address. The role is none for people who are no member, or no longer. No row when the caller does not see the incident.';
revoke execute on function public.incident_people(uuid) from public, anon, authenticated, service_role;
grant execute on function public.incident_people(uuid) to authenticated;
