-- Form links of signed-in users: a link to the form carries a token instead of the user's id, because any visitor
-- can write an id into a form's address.
--
--   form_link ──▶ token in the hidden field user_token ──▶ webhook ──▶ form_link_user ──▶ the claim's owner
--
-- Only the SHA-256 of a token is stored: a reader of the table cannot file a claim with it.

create table private.form_links (
  token_hash bytea primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  expires_at timestamptz not null
);
comment on table private.form_links is 'Tokens of form links that have not expired; at most 20 of a user.';
comment on column private.form_links.token_hash is 'SHA-256 of the token.';
create index form_links_user_id_idx on private.form_links (user_id, expires_at);
-- Closed to every API role; functions of ours act for the caller.
alter table private.form_links enable row level security;
revoke all on table private.form_links from public, anon, authenticated, service_role;

create function public.form_link()
returns jsonb
language plpgsql volatile
-- Definer: people read and write no link.
security definer set search_path = ''
as $$
declare
  v_valid_for constant interval := '24 hours';
  v_max_links constant integer := 20;
  v_user_id constant uuid := auth.uid();
  v_now constant timestamptz := pg_catalog.clock_timestamp();
  -- Two random UUIDs: 244 bits of the server's strong generator.
  v_token constant text := pg_catalog.replace(
    pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text, '-', ''
  );
begin
  perform private.count_call('form_link');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user gets a form link.';
  end if;
  delete from private.form_links as link
  where link.user_id = v_user_id
    and (
      link.expires_at <= v_now
      or link.token_hash in (
        select older.token_hash
        from private.form_links as older
        where older.user_id = v_user_id
        order by older.expires_at desc, older.token_hash
        offset v_max_links - 1
      )
    );
  insert into private.form_links (token_hash, user_id, expires_at)
  values (pg_catalog.sha256(pg_catalog.convert_to(v_token, 'UTF8')), v_user_id, v_now + v_valid_for);
  return pg_catalog.jsonb_build_object('token', v_token, 'expiresAt', private.iso_timestamp(v_now + v_valid_for));
end;
$$;
comment on function public.form_link() is
  'A token for the hidden field user_token of the form, valid for 24 hours: {"token", "expiresAt"}. The oldest of more than 20 tokens end. Errors: rate_limited, not_signed_in.';
revoke execute on function public.form_link() from public, anon, authenticated, service_role;
grant execute on function public.form_link() to authenticated;

create function public.form_link_user(p_token text)
returns uuid
language sql stable
-- Definer: service_role reads no link.
security definer set search_path = ''
as $$
  select link.user_id
  from private.form_links as link
  where pg_catalog.octet_length(p_token) = 64
    and link.token_hash = pg_catalog.sha256(pg_catalog.convert_to(p_token, 'UTF8'))
    and link.expires_at > pg_catalog.now();
$$;
comment on function public.form_link_user(text) is
  'The user whom a form link''s token belongs to; null for a token that is unknown or has expired.';
revoke execute on function public.form_link_user(text) from public, anon, authenticated, service_role;
grant execute on function public.form_link_user(text) to service_role;
