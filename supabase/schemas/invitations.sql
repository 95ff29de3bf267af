-- Invitations: a place that waits for whoever opens the mailbox. On a case (viewer) or among the staff (handler, admin).
--
--   add_member, add_staff ──▶ row ──▶ send-invitations (Edge Function) ──▶ mail with a link
--                                        ▲ sweep, while mail_due_at is past
--   sign-in of a confirmed address, or accept_invitations() ──▶ member or staff, and the row goes
--
-- Only a confirmed address accepts: an account that somebody opened with another person's address gets nothing. A claimant
-- who adds somebody always makes an invitation, also where the address has an account, so the answer does not tell.

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid references public.incidents (id) on delete cascade,
  email text not null,
  role text not null,
  invited_by uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '14 days',
  mail_due_at timestamptz default now(),
  mail_attempts smallint not null default 0,
  mailed_at timestamptz,
  mail_error text,
  constraint invitations_are_once unique nulls not distinct (incident_id, email),
  constraint invitations_email_is_normal check (email = lower(email) and octet_length(email) <= 254),
  constraint invitations_role_fits check (
    case when incident_id is null then role in ('handler', 'admin') else role = 'viewer' end
  ),
  constraint invitations_mail_error_is_a_word check (mail_error ~ '^[a-z][a-z0-9_]{0,63}$')
);
comment on table public.invitations is 'Places on a case, or among the staff, that wait for the owner of a mailbox.';
comment on column public.invitations.incident_id is 'The case. Null: a place among the staff.';
comment on column public.invitations.email is 'In lower case. Only an account with this confirmed address accepts.';
comment on column public.invitations.mail_due_at is 'When the mail is to be sent next. Null: it was sent, or given up.';
comment on column public.invitations.mail_error is 'Why the last attempt to send the mail failed.';
create index invitations_email_idx on public.invitations (email);
create index invitations_invited_by_idx on public.invitations (invited_by);
create index invitations_mail_due_idx on public.invitations (mail_due_at) where mail_due_at is not null;
alter table public.invitations enable row level security;
create policy "Members can read whom their incidents wait for, and admins read all"
on public.invitations for select to authenticated
using (incident_id in (select private.member_incident_ids()) or (select private.is_admin()));
revoke all on table public.invitations from public, anon, authenticated, service_role;
grant select on table public.invitations to authenticated, service_role;

create function private.email_address(p_text text) returns text
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
declare
  v_text constant text := pg_catalog.btrim(p_text, E' \t\r\n');
begin
  -- As Auth does: ASCII only, so no address looks like another one.
  if pg_catalog.octet_length(v_text) <= 254
    and v_text ~ '^[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$'
  then
    return pg_catalog.lower(v_text);
  end if;
  raise exception 'email_invalid' using errcode = 'PT422', detail = 'An address is like name@example.com, at most 254 characters.';
end;
$$;
comment on function private.email_address(text) is
  'The address as it is stored: without spaces around it, in lower case. Errors: email_invalid.';
revoke execute on function private.email_address(text) from public, anon, authenticated;

create function private.confirmed_account(p_email text) returns uuid
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return (
    select account.id
    from auth.users as account
    where account.email = p_email and account.is_sso_user = false and account.email_confirmed_at is not null
  );
end;
$$;
comment on function private.confirmed_account(text) is 'The account whose owner has shown to read the mail of this address. Null when there is none.';
revoke execute on function private.confirmed_account(text) from public, anon, authenticated;

create function private.invite(p_incident_id uuid, p_email text, p_role text) returns uuid
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_now constant timestamptz := pg_catalog.clock_timestamp();
  v_invitation public.invitations;
begin
  insert into public.invitations as invitation (incident_id, email, role, invited_by)
  values (p_incident_id, p_email, p_role, v_user_id)
  on conflict (incident_id, email) do update
  set
    role = excluded.role,
    expires_at = excluded.expires_at,
    mail_attempts = 0,
    -- At most one mail in ten minutes.
    mail_due_at = greatest(v_now, coalesce(invitation.mailed_at, '-infinity') + interval '10 minutes')
  returning invitation.* into v_invitation;
  return v_invitation.id;
end;
$$;
comment on function private.invite(uuid, text, text) is
  'Keeps a place for an address, and has the mail sent. Called again, it sends the mail again, at most every ten minutes.';
revoke execute on function private.invite(uuid, text, text) from public, anon, authenticated;

create function private.accept_invitations_of(p_user_id uuid, p_email text) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_invitation public.invitations;
  v_count integer := 0;
begin
  -- Most sign-ins.
  if not exists (select from public.invitations as invitation where invitation.email = p_email) then
    return 0;
  end if;
  perform private.lock_incidents(
    array(
      select invitation.incident_id
      from public.invitations as invitation
      where invitation.email = p_email
        and invitation.expires_at > pg_catalog.now()
        and invitation.incident_id is not null
    ),
    p_user_id
  );
  for v_invitation in
    select invitation.* from public.invitations as invitation
    where invitation.email = p_email and invitation.expires_at > pg_catalog.now()
    order by invitation.incident_id, invitation.id
  loop
    delete from public.invitations as invitation where invitation.id = v_invitation.id;
    -- Withdrawn, or accepted in another tab, while this one waited.
    continue when not found;
    if v_invitation.incident_id is null then
      insert into public.staff (user_id, role, added_by)
      values (p_user_id, v_invitation.role, v_invitation.invited_by)
      on conflict (user_id) do nothing;
    elsif not exists (
      select from public.incidents as incident
      where incident.id = v_invitation.incident_id and incident.user_id = p_user_id
    ) then
      insert into public.incident_members (incident_id, user_id, role)
      values (v_invitation.incident_id, p_user_id, v_invitation.role)
      on conflict (incident_id, user_id) do nothing;
      if found then
        perform private.add_incident_event(
          v_invitation.incident_id, 'member_added', v_invitation.invited_by, p_user_id, v_invitation.role
        );
      end if;
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.accept_invitations_of(uuid, text) is
  'Gives a user the places that wait for their confirmed address. Returns their number.';
revoke execute on function private.accept_invitations_of(uuid, text) from public, anon, authenticated;

create function public.accept_invitations() returns integer
language plpgsql volatile
-- Definer: people write no table, and auth.users has the confirmed address, which a token need not have.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_email text;
begin
  perform private.count_call('accept_invitations');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can accept invitations.';
  end if;
  select account.email into v_email
  from auth.users as account
  where account.id = v_user_id and account.email_confirmed_at is not null;
  return private.accept_invitations_of(v_user_id, v_email);
end;
$$;
comment on function public.accept_invitations() is
  'Accepts the invitations of the caller''s confirmed address, for a person who is signed in already when they are invited. Returns their number. Errors: rate_limited, not_signed_in.';
revoke execute on function public.accept_invitations() from public, anon, authenticated, service_role;
grant execute on function public.accept_invitations() to authenticated;

create function private.tg_users__accept_invitations() returns trigger
language plpgsql volatile
-- Definer: Auth's role may not write our tables.
security definer set search_path = ''
as $$
begin
  perform private.accept_invitations_of(new.id, new.email);
  return null;
exception
  when others then
    -- A sign-in must not fail because of an invitation. The page calls accept_invitations, which tells of the error.
    raise warning 'invitations of user % were not accepted: %', new.id, sqlerrm;
    return null;
end;
$$;
comment on function private.tg_users__accept_invitations() is 'Accepts the invitations of an address when it is confirmed, and at each sign-in.';
revoke execute on function private.tg_users__accept_invitations() from public, anon, authenticated;

create trigger tg_users__accept_invitations_insert
after insert on auth.users
for each row when (new.email_confirmed_at is not null and new.email is not null)
execute function private.tg_users__accept_invitations();

create trigger tg_users__accept_invitations_update
after update of email, email_confirmed_at, last_sign_in_at on auth.users
for each row when (
  new.email_confirmed_at is not null
  and new.email is not null
  and (new.email, new.email_confirmed_at, new.last_sign_in_at)
    is distinct from (old.email, old.email_confirmed_at, old.last_sign_in_at)
)
execute function private.tg_users__accept_invitations();

create function public.withdraw_invitation(p_invitation_id uuid) returns boolean
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_invitation public.invitations;
begin
  perform private.count_call('withdraw_invitation');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can withdraw invitations.';
  end if;
  select * into v_invitation from public.invitations as invitation where invitation.id = p_invitation_id;
  if not found or not coalesce(
    case
      when v_invitation.incident_id is null then private.is_admin()
      else private.incident_role(v_invitation.incident_id) <> 'viewer'
    end,
    false
  ) then
    raise exception 'invitation_not_found' using
      errcode = 'PT404', detail = 'There is no such invitation that the caller may withdraw.';
  end if;
  if v_invitation.incident_id is not null then
    perform private.lock_incidents(array[v_invitation.incident_id]);
  end if;
  delete from public.invitations as invitation where invitation.id = p_invitation_id;
  if not found then
    return false;
  end if;
  if v_invitation.incident_id is not null then
    perform private.add_incident_event(
      v_invitation.incident_id, 'invitation_withdrawn', v_user_id, p_role => v_invitation.role
    );
  end if;
  return true;
end;
$$;
comment on function public.withdraw_invitation(uuid) is
  'Withdraws an invitation: one to a case for everybody who may add people to it, one to the staff for admins. Returns false when it was accepted or withdrawn meanwhile. Errors: rate_limited, not_signed_in, invitation_not_found.';
revoke execute on function public.withdraw_invitation(uuid) from public, anon, authenticated, service_role;
grant execute on function public.withdraw_invitation(uuid) to authenticated;

-- The mail. The Edge Function send-invitations claims what is due, sends, and says how that went.

create function private.send_invitations() returns bigint
language sql volatile security invoker set search_path = ''
as $$
  select net.http_post(
    url := pg_catalog.rtrim(project_url.decrypted_secret, '/') || '/functions/v1/send-invitations',
    body := '{}'::jsonb,
    headers := pg_catalog.jsonb_build_object(
      'content-type', 'application/json', 'apikey', secret_key.decrypted_secret
    ),
    timeout_milliseconds := 60000
  )
  from vault.decrypted_secrets as project_url, vault.decrypted_secrets as secret_key
  where project_url.name = 'project_url'
    and secret_key.name = 'secret_key'
    and exists (
      select from public.invitations as invitation where invitation.mail_due_at <= pg_catalog.clock_timestamp()
    );
$$;
comment on function private.send_invitations() is
  'Calls the Edge Function send-invitations, if a mail is due. Null when none is, or when the vault has no project_url or secret_key.';
revoke execute on function private.send_invitations() from public, anon, authenticated;

create function private.tg_invitations__send() returns trigger
language plpgsql volatile
-- Definer: the writer of an invitation need not be able to read the vault.
security definer set search_path = ''
as $$
begin
  perform private.send_invitations();
  return null;
end;
$$;
comment on function private.tg_invitations__send() is 'Has the mail of a new invitation sent after the commit.';
revoke execute on function private.tg_invitations__send() from public, anon, authenticated;

create trigger tg_invitations__send
after insert on public.invitations
for each statement execute function private.tg_invitations__send();

create function public.claim_invitations(p_limit integer default 20)
returns table (id uuid, email text, role text, incident_id uuid, has_account boolean)
language plpgsql volatile
-- Definer: service_role writes no invitation and reads no account.
security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  delete from public.invitations as invitation where invitation.expires_at <= pg_catalog.now();
  return query
    with due as (
      select invitation.id
      from public.invitations as invitation
      where invitation.mail_due_at <= pg_catalog.clock_timestamp()
      order by invitation.mail_due_at, invitation.id
      limit least(greatest(p_limit, 0), 100)
      for update skip locked
    )
    update public.invitations as invitation
    set
      mail_attempts = invitation.mail_attempts + 1,
      -- The next attempt, unless this one ends well: after 5, 10, 20, 40 minutes, and no fifth time.
      mail_due_at = case
        when invitation.mail_attempts < 4
        then pg_catalog.clock_timestamp() + interval '5 minutes' * pg_catalog.power(2, invitation.mail_attempts)
      end
    from due
    where invitation.id = due.id
    returning
      invitation.id, invitation.email, invitation.role, invitation.incident_id,
      exists (
        select from auth.users as account
        where account.email = invitation.email and account.is_sso_user = false
      );
end;
$$;
comment on function public.claim_invitations(integer) is
  'At most 100 invitations whose mail is due, for the Edge Function send-invitations. Each is due again after some minutes, four times, unless invitation_mailed is called. Deletes invitations that have expired.';
revoke execute on function public.claim_invitations(integer) from public, anon, authenticated;
grant execute on function public.claim_invitations(integer) to service_role;

create function public.invitation_mailed(p_invitation_id uuid, p_error_code text default null) returns void
language plpgsql volatile
-- Definer: service_role writes no invitation.
security definer set search_path = ''
as $$
begin
  perform private.check_size('p_error_code', pg_catalog.octet_length(p_error_code), 256);
  if p_error_code !~ '^[a-z][a-z0-9_]{0,63}$' then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A code is a word of lower case letters, digits and _.';
  end if;
  update public.invitations as invitation
  set
    mailed_at = case when p_error_code is null then pg_catalog.clock_timestamp() else invitation.mailed_at end,
    mail_due_at = case when p_error_code is null then null else invitation.mail_due_at end,
    mail_error = p_error_code
  where invitation.id = p_invitation_id;
end;
$$;
comment on function public.invitation_mailed(uuid, text) is
  'Says that the mail of a claimed invitation was sent, or why it was not. Errors: message_too_large, invalid_arguments.';
revoke execute on function public.invitation_mailed(uuid, text) from public, anon, authenticated;
grant execute on function public.invitation_mailed(uuid, text) to service_role;
