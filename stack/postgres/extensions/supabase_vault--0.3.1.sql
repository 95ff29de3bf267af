-- The vault in SQL: the table, view and functions of supabase_vault with its names and grants.
--
--   secret --pgp_sym_encrypt(key)--> vault.secrets.secret (base64) --_crypto_aead_det_decrypt--> decrypted_secrets
--
-- The key is the file `vault.key` in the server's data directory (see vault._install_key): it is in no table,
-- no dump and no setting, and only functions of the superuser read it. The id of a secret is sealed in with it,
-- so that a stored value copied to another row does not decrypt.

create function vault._key() returns text
  language plpgsql volatile security definer set search_path = ''
as $$
declare
  key_text constant text := pg_catalog.btrim(pg_catalog.pg_read_file('vault.key', 0, 1024, true), E' \n');
begin
  if key_text is null or key_text !~ '^[0-9a-fA-F]{64}$' then
    raise exception 'the vault has no key'
      using hint = 'the stack installs it when it starts; tests call vault._install_key';
  end if;
  return pg_catalog.lower(key_text);
end
$$;
revoke all on function vault._key() from public;

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea default extensions.gen_random_bytes(16),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
comment on table vault.secrets is 'Table with encrypted `secret` column for storing sensitive information on disk.';
create unique index secrets_name_idx on vault.secrets (name) where name is not null;

-- Superuser only. Writes the key once per cluster; a different key is refused while secrets depend on the old one.
create function vault._install_key(p_key text) returns void
  language plpgsql volatile set search_path = ''
as $$
declare
  existing constant text := pg_catalog.lower(
    pg_catalog.btrim(pg_catalog.pg_read_file('vault.key', 0, 1024, true), E' \n'));
begin
  if p_key is null or p_key !~ '^[0-9a-fA-F]{64}$' then
    raise exception 'a vault key is 64 hexadecimal digits' using errcode = 'invalid_parameter_value';
  end if;
  if existing = pg_catalog.lower(p_key) then
    return;
  end if;
  if existing is not null and exists (select from vault.secrets) then
    raise exception 'the vault was encrypted with another key'
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'bring back the key file of this data directory, or start with an empty one';
  end if;
  execute pg_catalog.format('copy (select %L) to %L',
    pg_catalog.lower(p_key), pg_catalog.current_setting('data_directory') || '/vault.key');
end
$$;
revoke all on function vault._install_key(text) from public;

create function vault._crypto_aead_det_encrypt(
  message bytea, additional bytea, key_id bigint, context bytea default 'pgsodium', nonce bytea default null
) returns bytea
  language sql volatile security definer set search_path = ''
as $$
  select extensions.pgp_sym_encrypt_bytea(
    extensions.digest(additional, 'sha256') || message, vault._key(), 'cipher-algo=aes256, s2k-mode=1')
$$;
revoke all on function vault._crypto_aead_det_encrypt(bytea, bytea, bigint, bytea, bytea) from public;

create function vault._crypto_aead_det_decrypt(
  message bytea, additional bytea, key_id bigint, context bytea default 'pgsodium', nonce bytea default null
) returns bytea
  language plpgsql stable security definer set search_path = ''
as $$
declare
  opened constant bytea := extensions.pgp_sym_decrypt_bytea(message, vault._key());
begin
  if pg_catalog.substring(opened, 1, 32) <> extensions.digest(additional, 'sha256') then
    raise exception 'the secret belongs to another row' using errcode = 'data_corrupted';
  end if;
  return pg_catalog.substring(opened, 33);
end
$$;
revoke all on function vault._crypto_aead_det_decrypt(bytea, bytea, bigint, bytea, bytea) from public;

-- Runs as its caller: who reads it needs execute on _crypto_aead_det_decrypt, as on hosted Supabase.
create view vault.decrypted_secrets as
select
  s.id,
  s.name,
  s.description,
  s.secret,
  pg_catalog.convert_from(vault._crypto_aead_det_decrypt(
    pg_catalog.decode(s.secret, 'base64'), pg_catalog.convert_to(s.id::text, 'UTF8'), 0,
    'pgsodium'::bytea, s.nonce), 'UTF8') as decrypted_secret,
  s.key_id,
  s.nonce,
  s.created_at,
  s.updated_at
from vault.secrets as s;

create function vault.create_secret(
  new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null
) returns uuid
  language plpgsql volatile security definer set search_path = ''
as $$
declare
  new_id constant uuid := pg_catalog.gen_random_uuid();
begin
  insert into vault.secrets (id, secret, name, description)
  values (new_id, pg_catalog.encode(vault._crypto_aead_det_encrypt(
    pg_catalog.convert_to(new_secret, 'UTF8'), pg_catalog.convert_to(new_id::text, 'UTF8'), 0), 'base64'),
    new_name, coalesce(new_description, ''));
  return new_id;
end
$$;
revoke all on function vault.create_secret(text, text, text, uuid) from public;

create function vault.update_secret(
  secret_id uuid, new_secret text default null, new_name text default null,
  new_description text default null, new_key_id uuid default null
) returns void
  language sql volatile security definer set search_path = ''
as $$
  update vault.secrets as s set
    secret = case when new_secret is null then s.secret else pg_catalog.encode(vault._crypto_aead_det_encrypt(
      pg_catalog.convert_to(new_secret, 'UTF8'), pg_catalog.convert_to(s.id::text, 'UTF8'), 0), 'base64') end,
    name = coalesce(new_name, s.name),
    description = coalesce(new_description, s.description),
    updated_at = pg_catalog.now()
  where s.id = secret_id
$$;
revoke all on function vault.update_secret(uuid, text, text, text, uuid) from public;

select pg_catalog.pg_extension_config_dump('vault.secrets', '');
