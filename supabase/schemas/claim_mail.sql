-- Mail after the form: an invitation to a new account, or the question whether a claim is the reader's. The row is written in
-- the transaction of the claim, so no claim lacks its mail and no failing mail fails a claim. The Edge Function claim-mail
-- has Auth send a sign-in link that leads to the claim.
--
--   receive_typeform_response ──▶ claim_mails: queued ──nudge──▶ claim-mail ──▶ take_claim_mails ──▶ Auth
--                                  ▲      │                                └──▶ finish_claim_mail
--                                  └──────┴── pg_cron, every minute: what is due again
--
-- To one address: one mail in 2 minutes, five in 24 hours, whatever forms say. One mail stands for all claims that wait for
-- its address then: the page asks about each. Suppressed addresses get none.

create table private.suppressed_addresses (
  email text primary key,
  reason text not null,
  created_at timestamptz not null default now(),
  constraint suppressed_addresses_email_is_lower_case check (email = lower(email) and octet_length(email) <= 320),
  constraint suppressed_addresses_reason_is_known check (reason in ('bounce', 'complaint', 'operator'))
);
comment on table private.suppressed_addresses is
  'Addresses that get no mail after a form: it bounced, its reader complained, or an operator says so.';
alter table private.suppressed_addresses enable row level security;
revoke all on table private.suppressed_addresses from public, anon, authenticated, service_role;

create table private.claim_mails (
  incident_id uuid primary key references public.incidents (id) on delete cascade,
  kind text not null,
  email text not null,
  status text not null default 'queued',
  attempts integer not null default 0,
  attempted_at timestamptz,
  next_attempt_at timestamptz not null default now(),
  sent_at timestamptz,
  error_code text,
  created_at timestamptz not null default clock_timestamp(),
  constraint claim_mails_kind_is_known check (kind in ('invitation', 'confirmation')),
  constraint claim_mails_status_is_known check (status in ('queued', 'sent', 'covered', 'suppressed', 'failed')),
  constraint claim_mails_email_is_lower_case check (email = lower(email)),
  constraint claim_mails_error_code_is_a_word check (error_code ~ '^[a-z][a-z0-9_]{0,63}$')
);
comment on table private.claim_mails is 'The mail of each claim that came by a form, and what became of it.';
comment on column private.claim_mails.status is
  'covered: another mail to the address, or a sign-in, has made it needless. suppressed: see suppressed_addresses. failed: refused, or tried for a day.';
comment on column private.claim_mails.error_code is 'Why the last attempt failed: a code of Auth, or mail_unavailable.';
create index claim_mails_due_idx on private.claim_mails (next_attempt_at) where status = 'queued';
create index claim_mails_email_idx on private.claim_mails (email, sent_at);
alter table private.claim_mails enable row level security;
revoke all on table private.claim_mails from public, anon, authenticated, service_role;

create function private.send_claim_mails() returns bigint
language plpgsql volatile
-- Definer: no API role may read the secrets or send requests.
security definer set search_path = ''
as $$
begin
  return (
    select net.http_post(
      url := pg_catalog.rtrim(project_url.decrypted_secret, '/') || '/functions/v1/claim-mail',
      body := '{}'::jsonb,
      headers := pg_catalog.jsonb_build_object(
        'content-type', 'application/json', 'apikey', secret_key.decrypted_secret
      ),
      timeout_milliseconds := 60000
    )
    from vault.decrypted_secrets as project_url, vault.decrypted_secrets as secret_key
    where project_url.name = 'project_url' and secret_key.name = 'secret_key'
      and exists (
        select from private.claim_mails as mail
        where mail.status = 'queued' and mail.next_attempt_at <= pg_catalog.clock_timestamp()
      )
  );
exception
  -- A call that fails must not fail the claim. The next minute calls again.
  when others then
    raise warning 'call of claim-mail failed: % (%)', sqlerrm, sqlstate;
    return null;
end;
$$;
comment on function private.send_claim_mails() is
  'Calls the Edge Function claim-mail where mails are due. Null where none is, or when the vault has no project_url or secret_key.';
revoke execute on function private.send_claim_mails() from public, anon, authenticated, service_role;

create function private.tg_claim_mails__send() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform private.send_claim_mails();
  return null;
end;
$$;
comment on function private.tg_claim_mails__send() is 'Has new mails sent after the commit.';
revoke execute on function private.tg_claim_mails__send() from public, anon, authenticated;

create trigger tg_claim_mails__send
after insert on private.claim_mails
for each statement execute function private.tg_claim_mails__send();

create function public.take_claim_mails(p_limit integer default 10)
returns table (incident_id uuid, kind text, email text, attempt integer, token text)
language plpgsql volatile
-- Definer: service_role reads no address and no token.
security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  v_max_attempts_until_pause constant integer := 6;
  v_lock constant integer := 1667846505;
  v_now constant timestamptz := pg_catalog.clock_timestamp();
begin
  -- Of two calls at once, the second sees what the first has taken.
  perform pg_catalog.pg_advisory_xact_lock(v_lock);
  update private.claim_mails as mail
  set status = 'suppressed'
  where mail.status = 'queued' and mail.next_attempt_at <= v_now
    and exists (select from private.suppressed_addresses as suppressed where suppressed.email = mail.email);

  return query
  with due as materialized (
    select distinct on (mail.email) mail.incident_id, mail.email, mail.next_attempt_at
    from private.claim_mails as mail
    where mail.status = 'queued' and mail.next_attempt_at <= v_now
      and not exists (
        select from private.claim_mails as other
        where other.email = mail.email
          and (
            other.sent_at > v_now - interval '2 minutes'
            -- An attempt under way, which may be about to succeed.
            or (other.status = 'queued' and other.attempted_at > v_now - interval '50 seconds')
          )
      )
      and (
        select pg_catalog.count(*) from private.claim_mails as other
        where other.email = mail.email and other.sent_at > v_now - interval '24 hours'
      ) < 5
    order by mail.email, mail.created_at desc
  ),
  taken as (
    update private.claim_mails as mail
    set
      attempts = mail.attempts + 1, attempted_at = v_now,
      -- Also when the function ends without a word: 1, 2, 4, ... 64 minutes.
      next_attempt_at = v_now
        + least(pg_catalog.power(2, mail.attempts), pg_catalog.power(2, v_max_attempts_until_pause)) * interval '1 minute'
    where mail.incident_id in (
      select due.incident_id from due order by due.next_attempt_at limit greatest(least(p_limit, 50), 0)
    )
    returning
      mail.incident_id, mail.kind, mail.email, mail.attempts as attempt,
      case mail.kind when 'confirmation' then private.random_token() end as token
  ),
  bound as (
    update private.waiting_claims as claim
    set
      token_hash = pg_catalog.sha256(pg_catalog.convert_to(taken.token, 'UTF8')),
      token_expires_at = v_now + interval '24 hours'
    from taken
    where claim.incident_id = taken.incident_id and taken.token is not null and claim.confirmed_at is null
  )
  select taken.incident_id, taken.kind, taken.email, taken.attempt, taken.token from taken;
end;
$$;
comment on function public.take_claim_mails(integer) is
  'Mails that are due, at most one for an address, each for one attempt to be reported by finish_claim_mail. A confirmation has a new token, which replaces that of the mail before.';
revoke execute on function public.take_claim_mails(integer) from public, anon, authenticated, service_role;
grant execute on function public.take_claim_mails(integer) to service_role;

create function public.finish_claim_mail(
  p_incident_id uuid,
  p_attempt integer,
  p_outcome text,
  p_error_code text default null
)
returns boolean
language plpgsql volatile
-- Definer: service_role writes no mail itself.
security definer set search_path = ''
as $$
declare
  -- With pauses of at most 64 minutes: about a day.
  v_max_attempts constant integer := 30;
  v_mail private.claim_mails;
begin
  perform private.check_size('p_outcome', pg_catalog.octet_length(p_outcome), 16);
  perform private.check_size('p_error_code', pg_catalog.octet_length(p_error_code), 64);
  if p_outcome not in ('sent', 'refused', 'failed') or p_outcome is null
     or (p_error_code is not null and p_error_code !~ '^[a-z][a-z0-9_]*$')
  then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'The outcome is sent, refused or failed, and a code is a word.';
  end if;
  update private.claim_mails as mail
  set
    status = case
      when p_outcome = 'sent' then 'sent'
      when p_outcome = 'refused' or mail.attempts >= v_max_attempts then 'failed'
      else 'queued'
    end,
    sent_at = case when p_outcome = 'sent' then pg_catalog.clock_timestamp() end,
    error_code = case when p_outcome <> 'sent' then p_error_code end
  where mail.incident_id = p_incident_id and mail.attempts = p_attempt and mail.status = 'queued'
  returning mail.* into v_mail;
  if not found then
    return false;
  end if;
  if v_mail.status = 'sent' then
    -- The reader, once signed in, is asked about all claims that waited by then.
    update private.claim_mails as mail
    set status = 'covered'
    where mail.email = v_mail.email and mail.status = 'queued' and mail.created_at <= v_mail.attempted_at;
  end if;
  return true;
end;
$$;
comment on function public.finish_claim_mail(uuid, integer, text, text) is
  'Reports an attempt: sent; refused, which ends the mail; or failed, which is tried again. False for an attempt that was followed by another. Errors: message_too_large, invalid_arguments.';
revoke execute on function public.finish_claim_mail(uuid, integer, text, text) from public, anon, authenticated, service_role;
grant execute on function public.finish_claim_mail(uuid, integer, text, text) to service_role;

create function public.suppress_address(p_email text, p_reason text) returns void
language plpgsql volatile
-- Definer: service_role does not read the addresses.
security definer set search_path = ''
as $$
begin
  perform private.check_size('p_email', pg_catalog.octet_length(p_email), 320);
  perform private.check_size('p_reason', pg_catalog.octet_length(p_reason), 16);
  if coalesce(p_reason, '') not in ('bounce', 'complaint', 'operator') or coalesce(p_email, '') !~ '^[^@\s]+@[^@\s]+$' then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'An address, and one of bounce, complaint, operator.';
  end if;
  insert into private.suppressed_addresses (email, reason)
  values (pg_catalog.lower(p_email), p_reason)
  on conflict (email) do nothing;
end;
$$;
comment on function public.suppress_address(text, text) is
  'Stops mails after a form to an address; reason: bounce, complaint or operator. Errors: message_too_large, invalid_arguments.';
revoke execute on function public.suppress_address(text, text) from public, anon, authenticated, service_role;
grant execute on function public.suppress_address(text, text) to service_role;

create function public.release_address(p_email text) returns boolean
language plpgsql volatile
-- Definer: as suppress_address.
security definer set search_path = ''
as $$
begin
  perform private.check_size('p_email', pg_catalog.octet_length(p_email), 320);
  update private.claim_mails as mail
  set status = 'queued', next_attempt_at = pg_catalog.now()
  where mail.email = pg_catalog.lower(p_email) and mail.status = 'suppressed';
  delete from private.suppressed_addresses as suppressed where suppressed.email = pg_catalog.lower(p_email);
  return found;
end;
$$;
comment on function public.release_address(text) is
  'Lets an address get mails again, and those that were held back. Returns whether it was suppressed. Errors: message_too_large.';
revoke execute on function public.release_address(text) from public, anon, authenticated, service_role;
grant execute on function public.release_address(text) to service_role;
