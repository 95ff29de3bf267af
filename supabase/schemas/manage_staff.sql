-- Who is staff, as the admins say. The operator appoints the first admin: npm run staff, or appoint_staff as plain SQL.
--
-- Changes happen one after the other, so that two admins who remove each other leave one.

create function private.lock_staff() returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('public.staff', 0));
end;
$$;
comment on function private.lock_staff() is 'Lets changes of the staff happen one after the other.';
revoke execute on function private.lock_staff() from public, anon, authenticated;

create function private.require_admin() returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can do this.';
  end if;
  if not private.is_admin() then
    raise exception 'role_forbidden' using errcode = 'PT403', detail = 'Only admins manage the staff.';
  end if;
end;
$$;
comment on function private.require_admin() is 'Refuses everybody but admins. Errors: not_signed_in, role_forbidden.';
revoke execute on function private.require_admin() from public, anon, authenticated;

create function private.check_staff_role(p_role text) returns void
language plpgsql immutable security invoker set search_path = ''
as $$
begin
  if p_role is null or p_role not in ('handler', 'admin') then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A role of the staff is handler or admin.';
  end if;
end;
$$;
comment on function private.check_staff_role(text) is 'Refuses everything but handler and admin. Errors: invalid_arguments.';
revoke execute on function private.check_staff_role(text) from public, anon, authenticated;

create function private.require_other_admin(p_user_id uuid) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if not exists (
    select from public.staff as staff where staff.role = 'admin' and staff.user_id <> p_user_id
  ) then
    raise exception 'last_admin' using errcode = 'PT409', detail = 'The firm keeps at least one admin.';
  end if;
end;
$$;
comment on function private.require_other_admin(uuid) is 'Refuses when there is no admin but this one. Errors: last_admin.';
revoke execute on function private.require_other_admin(uuid) from public, anon, authenticated;

create function private.staff_role_of(p_user_id uuid) returns text
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_role text;
begin
  select staff.role into v_role from public.staff as staff where staff.user_id = p_user_id;
  if not found then
    raise exception 'member_not_found' using errcode = 'PT404', detail = 'The person is not on the staff.';
  end if;
  return v_role;
end;
$$;
comment on function private.staff_role_of(uuid) is 'The role of a person of the staff. Errors: member_not_found.';
revoke execute on function private.staff_role_of(uuid) from public, anon, authenticated;

create function public.add_staff(p_email text, p_role text default 'handler') returns jsonb
language plpgsql volatile
-- Definer: people write no table and read no account. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_email text;
  v_account_id uuid;
begin
  perform private.check_size('p_email', pg_catalog.octet_length(p_email), 1024);
  perform private.check_size('p_role', pg_catalog.octet_length(p_role), 256);
  perform private.count_call('add_staff');
  perform private.check_staff_role(p_role);
  perform private.require_admin();
  v_email := private.email_address(coalesce(p_email, ''));
  perform private.lock_staff();
  perform private.require_admin();
  v_account_id := private.confirmed_account(v_email);
  if v_account_id is null then
    return pg_catalog.jsonb_build_object('status', 'invited', 'invitationId', private.invite(null, v_email, p_role));
  end if;
  insert into public.staff (user_id, role, added_by)
  values (v_account_id, p_role, auth.uid())
  on conflict (user_id) do nothing;
  if not found then
    raise exception 'already_member' using errcode = 'PT409', detail = 'The person is on the staff already.';
  end if;
  return pg_catalog.jsonb_build_object('status', 'added', 'userId', v_account_id);
end;
$$;
comment on function public.add_staff(text, text) is
  'Makes a person staff of the firm, as handler or admin, for admins. Returns {"status": "added", "userId"} or, for an address without a confirmed account, {"status": "invited", "invitationId"}. Errors: message_too_large, invalid_arguments, not_signed_in, role_forbidden, email_invalid, rate_limited, already_member.';
revoke execute on function public.add_staff(text, text) from public, anon, authenticated, service_role;
grant execute on function public.add_staff(text, text) to authenticated;

create function public.set_staff_role(p_user_id uuid, p_role text) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
begin
  perform private.check_size('p_role', pg_catalog.octet_length(p_role), 256);
  perform private.count_call('set_staff_role');
  perform private.check_staff_role(p_role);
  perform private.require_admin();
  perform private.lock_staff();
  perform private.require_admin();
  if private.staff_role_of(p_user_id) = p_role then
    return;
  end if;
  if p_role <> 'admin' then
    perform private.require_other_admin(p_user_id);
  end if;
  update public.staff as staff set role = p_role where staff.user_id = p_user_id;
end;
$$;
comment on function public.set_staff_role(uuid, text) is
  'Makes a person of the staff an admin or no longer one, for admins. Errors: message_too_large, invalid_arguments, not_signed_in, role_forbidden, member_not_found, last_admin, rate_limited.';
revoke execute on function public.set_staff_role(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.set_staff_role(uuid, text) to authenticated;

create function public.remove_staff(p_user_id uuid) returns void
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_incident_ids uuid[];
  v_incident_id uuid;
begin
  perform private.count_call('remove_staff');
  perform private.require_admin();
  perform private.lock_staff();
  perform private.require_admin();
  if private.staff_role_of(p_user_id) = 'admin' then
    perform private.require_other_admin(p_user_id);
  end if;
  v_incident_ids := array(
    select member.incident_id
    from public.incident_members as member
    where member.user_id = p_user_id and member.role = 'handler'
    order by member.incident_id
  );
  perform private.lock_incidents(v_incident_ids);
  -- Each case says who took its handler away.
  foreach v_incident_id in array v_incident_ids loop
    perform private.drop_member(v_incident_id, p_user_id);
  end loop;
  delete from public.staff as staff where staff.user_id = p_user_id;
end;
$$;
comment on function public.remove_staff(uuid) is
  'Takes a person off the staff and off every case that they handle, for admins. Errors: not_signed_in, role_forbidden, member_not_found, last_admin, rate_limited.';
revoke execute on function public.remove_staff(uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_staff(uuid) to authenticated;

create function public.appoint_staff(p_email text, p_role text default 'handler') returns jsonb
language plpgsql volatile
-- Definer: service_role writes no staff and reads no account.
security definer set search_path = ''
as $$
declare
  v_email text;
  v_account_id uuid;
begin
  perform private.check_size('p_email', pg_catalog.octet_length(p_email), 1024);
  perform private.check_size('p_role', pg_catalog.octet_length(p_role), 256);
  perform private.check_staff_role(p_role);
  v_email := private.email_address(coalesce(p_email, ''));
  perform private.lock_staff();
  v_account_id := private.confirmed_account(v_email);
  if v_account_id is null then
    return pg_catalog.jsonb_build_object('status', 'invited', 'invitationId', private.invite(null, v_email, p_role));
  end if;
  insert into public.staff as staff (user_id, role)
  values (v_account_id, p_role)
  on conflict (user_id) do update set role = excluded.role;
  return pg_catalog.jsonb_build_object('status', 'added', 'userId', v_account_id);
end;
$$;
comment on function public.appoint_staff(text, text) is
  'Makes a person staff of the firm, or gives them another role: for the operator, who appoints the first admin. Returns what add_staff does. Errors: message_too_large, invalid_arguments, email_invalid.';
revoke execute on function public.appoint_staff(text, text) from public, anon, authenticated;
grant execute on function public.appoint_staff(text, text) to service_role;

create function public.staff_people()
returns table (user_id uuid, role text, name text, email text, since timestamptz)
language plpgsql stable
-- Definer: names and addresses are in auth.users, which no API role may read. The function shows them to staff.
security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  if private.staff_role() is null then
    return;
  end if;
  return query
    select
      staff.user_id, staff.role, private.person_name(person.raw_user_meta_data, person.email), person.email::text, staff.since
    from public.staff as staff
    join auth.users as person on person.id = staff.user_id
    order by 3, staff.user_id;
end;
$$;
comment on function public.staff_people() is 'The firm''s staff with names and addresses, for staff. No row for others.';
revoke execute on function public.staff_people() from public, anon, authenticated, service_role;
grant execute on function public.staff_people() to authenticated;
