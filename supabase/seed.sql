-- The demo user of a development database. A second run changes nothing. The file holds no secret: the
-- user has no password until the stack sets one through Auth's admin API.
--
-- The tokens are empty and not null, as Auth reads them into plain strings.

insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
  confirmation_token, recovery_token, email_change_token_new, email_change,
  raw_app_meta_data, raw_user_meta_data, created_at, updated_at
) values (
  '00000000-0000-0000-0000-000000000000', '00000000-0000-4000-8000-000000000001',
  'authenticated', 'authenticated', 'demo@claimwire.test', '', now(),
  '', '', '', '',
  '{"provider": "email", "providers": ["email"]}', '{"name": "Demo"}', now(), now()
)
on conflict do nothing;

insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
select
  account.id::text,
  account.id,
  jsonb_build_object('sub', account.id, 'email', account.email, 'email_verified', true, 'phone_verified', false),
  'email', now(), now(), now()
from auth.users as account
where account.id = '00000000-0000-4000-8000-000000000001'
on conflict do nothing;
