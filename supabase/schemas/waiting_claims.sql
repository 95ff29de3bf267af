-- Waiting claims: a form that gives an address of an existing account. Typed text opens no account and adds nothing to one,
-- so the claim belongs to an account of its own, its holder, until the owner of the mailbox confirms it. Meanwhile it is an
-- incident like any other: files are fetched, notes are transcribed, the report is made, staff can work on it.
--
--   form ──▶ holder owns incident, documents, jobs, notifications        mail with a link and a token (claim_mail.sql)
--   confirm_claim ──▶ hand_over_claim: all of it, in one transaction     the holder's messages get numbers of the new owner
--   finish_handovers, every minute ──▶ rows that were written meanwhile; then the holder is removed
--
-- Order of locks: jobs, heads, incidents, the waiting claim, the custody head.

create table private.waiting_claims (
  incident_id uuid primary key references public.incidents (id) on delete cascade,
  holder_id uuid,
  email text not null,
  token_hash bytea,
  token_expires_at timestamptz,
  created_at timestamptz not null default now(),
  refused_at timestamptz,
  confirmed_at timestamptz,
  confirmed_by uuid references auth.users (id) on delete set null,
  constraint waiting_claims_email_is_lower_case check (email = lower(email)),
  constraint waiting_claims_token_expires check ((token_hash is null) = (token_expires_at is null))
);
comment on table private.waiting_claims is
  'Claims that arrived with the address of an existing account. Rows stay after the confirmation, so that it can be repeated.';
comment on column private.waiting_claims.holder_id is
  'The account that owns the claim until its confirmation; null once that account is removed. No foreign key: the incident has one.';
comment on column private.waiting_claims.email is 'The address as the form gave it, in lower case.';
comment on column private.waiting_claims.token_hash is
  'SHA-256 of the token in the latest mail; null before the first mail and after the confirmation.';
comment on column private.waiting_claims.refused_at is
  'When the owner of the mailbox said that the claim is not theirs. It stays, for the staff, and can still be confirmed.';
create index waiting_claims_email_idx on private.waiting_claims (email) where confirmed_at is null;
create index waiting_claims_confirmed_by_idx on private.waiting_claims (confirmed_by);
create index waiting_claims_handed_over_idx on private.waiting_claims (confirmed_at)
  where confirmed_at is not null and holder_id is not null;
-- Closed to every API role; functions of ours act for the caller.
alter table private.waiting_claims enable row level security;
revoke all on table private.waiting_claims from public, anon, authenticated, service_role;

create function private.random_token() returns text
language sql volatile security invoker set search_path = ''
as $$
  -- Two random UUIDs: 244 bits of the server's strong generator.
  select pg_catalog.replace(pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text, '-', '');
$$;
comment on function private.random_token() is '64 hexadecimal digits that cannot be guessed.';
revoke execute on function private.random_token() from public, anon, authenticated, service_role;

create function private.mailbox_session() returns boolean
language sql stable security invoker set search_path = ''
as $$
  select exists (
    select
    from pg_catalog.jsonb_array_elements(
      case pg_catalog.jsonb_typeof(auth.jwt() -> 'amr') when 'array' then auth.jwt() -> 'amr' else '[]' end
    ) as entry
    -- `otp` stands for every link and code by mail; Auth's PKCE flow names the kind of link instead.
    where entry.value ->> 'method' in ('otp', 'magiclink', 'recovery', 'invite', 'email/signup')
  );
$$;
comment on function private.mailbox_session() is
  'Whether the caller signed in by a link or code from their mailbox, as Auth says in the token.';
revoke execute on function private.mailbox_session() from public, anon, authenticated, service_role;

create function private.own_address() returns text
language sql stable
-- Definer: no API role reads auth.users. The token's address may be older than the account's.
security definer set search_path = ''
as $$
  select pg_catalog.lower(account.email)
  from auth.users as account
  where account.id = auth.uid() and account.email_confirmed_at is not null;
$$;
comment on function private.own_address() is 'The address of the caller''s account, in lower case; null without a confirmed one.';
revoke execute on function private.own_address() from public, anon, authenticated, service_role;

create function private.hold_claim() returns uuid
language sql volatile
-- Definer: no API role makes accounts.
security definer set search_path = ''
as $$
  -- No address, no password, no identity: nothing signs in as a holder. Tokens are empty and not null, as Auth reads them.
  insert into auth.users (
    instance_id, id, aud, role, encrypted_password, confirmation_token, recovery_token, email_change_token_new, email_change,
    raw_app_meta_data, raw_user_meta_data, created_at, updated_at
  ) values (
    '00000000-0000-0000-0000-000000000000', pg_catalog.gen_random_uuid(), 'authenticated', 'authenticated', '', '', '', '', '',
    -- The name is what members of the incident read.
    '{"source": "typeform", "holds": "waiting_claim"}', '{"name": "Not confirmed yet"}', pg_catalog.now(), pg_catalog.now()
  )
  returning id;
$$;
comment on function private.hold_claim() is 'Makes the account that owns a waiting claim.';
revoke execute on function private.hold_claim() from public, anon, authenticated, service_role;
grant execute on function private.hold_claim() to service_role;

create function private.forget_holder(p_holder_id uuid) returns void
language sql volatile
-- Definer: no API role deletes accounts by SQL.
security definer set search_path = ''
as $$
  delete from auth.users as account
  where account.id = p_holder_id
    and account.raw_app_meta_data ->> 'holds' = 'waiting_claim'
    and not exists (select from public.incidents as incident where incident.user_id = account.id);
$$;
comment on function private.forget_holder(uuid) is 'Removes a holder that owns no incident.';
revoke execute on function private.forget_holder(uuid) from public, anon, authenticated, service_role;
grant execute on function private.forget_holder(uuid) to service_role;

create function private.expect_claim(p_incident_id uuid, p_holder_id uuid, p_email text) returns void
language plpgsql volatile
-- Definer: no API role writes waiting claims and mails.
security definer set search_path = ''
as $$
begin
  perform private.check_size('p_email', pg_catalog.octet_length(p_email), 320);
  if p_holder_id is not null then
    insert into private.waiting_claims (incident_id, holder_id, email)
    values (p_incident_id, p_holder_id, pg_catalog.lower(p_email));
  end if;
  if p_email is not null then
    insert into private.claim_mails (incident_id, kind, email)
    values (
      p_incident_id, case when p_holder_id is null then 'invitation' else 'confirmation' end, pg_catalog.lower(p_email)
    );
  end if;
end;
$$;
comment on function private.expect_claim(uuid, uuid, text) is
  'Has a new claim of a holder wait for the address, and queues the mail. Without a holder, the mail invites. Errors: message_too_large.';
revoke execute on function private.expect_claim(uuid, uuid, text) from public, anon, authenticated, service_role;
grant execute on function private.expect_claim(uuid, uuid, text) to service_role;

create function private.is_handover(p_incident_id uuid, p_from uuid, p_to uuid) returns boolean
language sql stable
-- Definer: the writer of a job cannot read waiting claims.
security definer set search_path = ''
as $$
  select exists (
    select from private.waiting_claims as claim
    where claim.incident_id = p_incident_id and claim.holder_id = p_from and claim.confirmed_by = p_to
  );
$$;
comment on function private.is_handover(uuid, uuid, uuid) is
  'Whether rows of the incident go from its holder to the user who confirmed the claim: the one change of a job''s user.';
revoke execute on function private.is_handover(uuid, uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.is_handover(uuid, uuid, uuid) to service_role;

create function private.hand_over_claim(p_incident_id uuid, p_user_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_holder_id uuid;
  v_job_ids uuid[];
  v_messages private.outgoing_message[];
  v_is_first boolean;
begin
  select claim.holder_id into v_holder_id from private.waiting_claims as claim where claim.incident_id = p_incident_id;

  select coalesce(pg_catalog.array_agg(locked.id), '{}')
  into v_job_ids
  from (
    select job.id
    from public.jobs as job
    where job.incident_id = p_incident_id and job.user_id = v_holder_id
    order by job.id
    for no key update
  ) as locked;
  perform private.lock_head(least(v_holder_id, p_user_id));
  perform private.lock_head(greatest(v_holder_id, p_user_id));
  perform from public.incidents as incident where incident.id = p_incident_id for no key update;

  select claim.confirmed_at is null
  into v_is_first
  from private.waiting_claims as claim
  where claim.incident_id = p_incident_id
    and (claim.confirmed_by = p_user_id or claim.confirmed_at is null)
  for update;
  if not found then
    return false;
  end if;
  update private.waiting_claims as claim
  set
    confirmed_by = p_user_id, confirmed_at = coalesce(claim.confirmed_at, pg_catalog.clock_timestamp()),
    token_hash = null, token_expires_at = null, refused_at = null
  where claim.incident_id = p_incident_id;

  -- Jobs that another transaction inserts now are not locked here. finish_handovers moves them.
  update public.jobs as job set user_id = p_user_id where job.id = any (v_job_ids);
  update private.job_nudges as nudge set user_id = p_user_id where nudge.job_id = any (v_job_ids);
  update public.documents as document set user_id = p_user_id
  where document.incident_id = p_incident_id and document.user_id = v_holder_id;
  update public.transcriptions as transcription set user_id = p_user_id
  where transcription.incident_id = p_incident_id and transcription.user_id = v_holder_id;
  update public.reports as report set user_id = p_user_id
  where report.incident_id = p_incident_id and report.user_id = v_holder_id;
  -- The row of incident_members follows by a trigger (incident_topics.sql).
  update public.incidents as incident set user_id = p_user_id
  where incident.id = p_incident_id and incident.user_id = v_holder_id;
  if v_is_first then
    update private.claim_mails as mail set status = 'covered'
    where mail.incident_id = p_incident_id and mail.status = 'queued';
    perform private.add_custody_event(p_incident_id, 'handed_over', p_note => 'confirmed by the owner of the mailbox');
  end if;

  -- The holder's messages, in their order, with the next numbers of the new owner.
  with taken as (
    delete from public.notifications as notification
    where notification.user_id = v_holder_id
    returning notification.seq, notification.job_id, notification.incident_id, notification.payload
  )
  select pg_catalog.array_agg(
    row(
      p_user_id, taken.job_id, true, taken.payload - '{seq,epoch,reason,quiet}'::text[], null, taken.incident_id, null, null,
      null, null
    )::private.outgoing_message
    order by taken.seq
  )
  into v_messages
  from taken;
  if v_messages is not null then
    perform private.publish(v_messages, pg_catalog.clock_timestamp());
  end if;
  return true;
end;
$$;
comment on function private.hand_over_claim(uuid, uuid) is
  'Gives all rows of a waiting claim to the user, and the holder''s messages numbers of the user. May be repeated. False when another user has confirmed the claim.';
revoke execute on function private.hand_over_claim(uuid, uuid) from public, anon, authenticated, service_role;

create function public.confirm_claim(p_incident_id uuid, p_token text default null) returns jsonb
language plpgsql volatile
-- Definer: people read no waiting claim, and own none of its rows yet.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_claim private.waiting_claims;
begin
  perform private.check_size('p_token', pg_catalog.octet_length(p_token), 64);
  perform private.count_call('confirm_claim');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user confirms a claim.';
  end if;
  select claim.* into v_claim from private.waiting_claims as claim where claim.incident_id = p_incident_id;
  if v_claim.confirmed_by = v_user_id then
    return pg_catalog.jsonb_build_object('incidentId', p_incident_id, 'duplicate', true);
  end if;
  if v_claim.confirmed_at is not null or v_claim.email is distinct from private.own_address() or v_claim.email is null then
    raise exception 'claim_not_waiting' using
      errcode = 'PT404', detail = 'No claim with this id waits for the address of this account.';
  end if;
  -- A claim is confirmed from the mailbox: by a session that began there, or by the token of the mail.
  if not private.mailbox_session() then
    if p_token is null then
      raise exception 'mailbox_unproven' using
        errcode = 'PT403', detail = 'Sign in by a link or code from the mailbox, or open the link of the mail.';
    end if;
    if v_claim.token_hash is distinct from pg_catalog.sha256(pg_catalog.convert_to(p_token, 'UTF8'))
       or v_claim.token_expires_at <= pg_catalog.clock_timestamp()
    then
      raise exception 'claim_link_invalid' using
        errcode = 'PT403', detail = 'The link is of an earlier mail, or has expired: sign in by a link or code instead.';
    end if;
  end if;
  if not private.hand_over_claim(p_incident_id, v_user_id) then
    raise exception 'claim_not_waiting' using errcode = 'PT404', detail = 'Another account has just confirmed it.';
  end if;
  return pg_catalog.jsonb_build_object('incidentId', p_incident_id, 'duplicate', false);
end;
$$;
comment on function public.confirm_claim(uuid, text) is
  'Hands a waiting claim over to the caller, whose address it arrived with: {"incidentId", "duplicate"}. Needs a session that began with a link or code by mail, or the token of the mail, which is valid once and for 24 hours. The same user may repeat it. Errors: message_too_large, not_signed_in, claim_not_waiting, mailbox_unproven, claim_link_invalid, rate_limited.';
revoke execute on function public.confirm_claim(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.confirm_claim(uuid, text) to authenticated;

create function public.refuse_claim(p_incident_id uuid) returns void
language plpgsql volatile
-- Definer: as confirm_claim.
security definer set search_path = ''
as $$
begin
  perform private.count_call('refuse_claim');
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user refuses a claim.';
  end if;
  if not private.mailbox_session() then
    raise exception 'mailbox_unproven' using errcode = 'PT403', detail = 'Sign in by a link or code from the mailbox.';
  end if;
  update private.waiting_claims as claim
  set refused_at = coalesce(claim.refused_at, pg_catalog.clock_timestamp())
  where claim.incident_id = p_incident_id and claim.confirmed_at is null and claim.email = private.own_address();
  if not found then
    raise exception 'claim_not_waiting' using
      errcode = 'PT404', detail = 'No claim with this id waits for the address of this account.';
  end if;
end;
$$;
comment on function public.refuse_claim(uuid) is
  'Notes that a waiting claim is not the caller''s, who is not asked again. The claim stays. Errors: not_signed_in, mailbox_unproven, claim_not_waiting, rate_limited.';
revoke execute on function public.refuse_claim(uuid) from public, anon, authenticated, service_role;
grant execute on function public.refuse_claim(uuid) to authenticated;

create function public.waiting_claims()
returns table (incident_id uuid, title text, received_at timestamptz, can_confirm boolean)
language sql stable
-- Definer: as confirm_claim.
security definer set search_path = ''
as $$
  select
    claim.incident_id,
    -- Texts of the claim are shown to the mailbox alone, not to a password.
    case when proof.given then incident.title end,
    claim.created_at,
    proof.given
  from private.waiting_claims as claim
  join public.incidents as incident on incident.id = claim.incident_id
  cross join (select private.mailbox_session() as given) as proof
  where claim.email = private.own_address() and claim.confirmed_at is null and claim.refused_at is null
  order by claim.created_at desc
  limit 20;
$$;
comment on function public.waiting_claims() is
  'The newest 20 claims that wait for the caller''s address. Without a session by link or code they have no title and cannot be confirmed.';
revoke execute on function public.waiting_claims() from public, anon, authenticated, service_role;
grant execute on function public.waiting_claims() to authenticated;

create function public.confirm_mailbox() returns boolean
language plpgsql volatile
-- Definer: app_metadata is Auth's, and no API role writes it.
security definer set search_path = ''
as $$
begin
  perform private.count_call('confirm_mailbox');
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user has a mailbox.';
  end if;
  if not private.mailbox_session() then
    return false;
  end if;
  update auth.users as account
  set raw_app_meta_data = account.raw_app_meta_data || '{"mailbox": "proven"}', updated_at = pg_catalog.now()
  where account.id = auth.uid() and account.raw_app_meta_data ->> 'mailbox' = 'unproven';
  -- A user who has signed in by mail needs no invitation.
  update private.claim_mails as mail
  set status = 'covered'
  where mail.email = private.own_address() and mail.kind = 'invitation' and mail.status = 'queued';
  return true;
end;
$$;
comment on function public.confirm_mailbox() is
  'Marks the mailbox of an account that a form opened as proven, after a sign-in by link or code. Returns whether the caller''s token proves it. Errors: not_signed_in, rate_limited.';
revoke execute on function public.confirm_mailbox() from public, anon, authenticated, service_role;
grant execute on function public.confirm_mailbox() to authenticated;

create function private.finish_handovers() returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  -- Far longer than any request that read the owner of the incident before the handover.
  v_patience constant interval := '1 hour';
  v_claim private.waiting_claims;
  v_count integer := 0;
begin
  for v_claim in
    select claim.*
    from private.waiting_claims as claim
    where claim.confirmed_at is not null and claim.holder_id is not null and claim.confirmed_by is not null
    order by claim.confirmed_at
    limit 100
  loop
    if exists (select from public.jobs as job where job.user_id = v_claim.holder_id)
       or exists (select from public.documents as document where document.user_id = v_claim.holder_id)
       or exists (select from public.reports as report where report.user_id = v_claim.holder_id)
       or exists (select from public.notifications as notification where notification.user_id = v_claim.holder_id)
    then
      perform private.hand_over_claim(v_claim.incident_id, v_claim.confirmed_by);
      v_count := v_count + 1;
    elsif v_claim.confirmed_at < pg_catalog.now() - v_patience then
      delete from auth.users as account where account.id = v_claim.holder_id;
      update private.waiting_claims as claim set holder_id = null where claim.incident_id = v_claim.incident_id;
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end;
$$;
comment on function private.finish_handovers() is
  'Hands over what was still written for the holder of a confirmed claim, and removes holders that own nothing an hour later. Returns the number of claims it acted upon.';
revoke execute on function private.finish_handovers() from public, anon, authenticated, service_role;
