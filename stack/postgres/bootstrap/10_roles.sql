-- The roles of a hosted Supabase project, with the attributes they have there. Safe to repeat.
--
--   authenticator ──set role──▶ anon | authenticated | service_role     (the API, by the caller's token)
--   postgres      migrations and people; not a superuser
--   supabase_*    owners of the schemas auth, storage and realtime; supabase_admin is the only superuser

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('postgres',                   'login createdb createrole replication bypassrls'),
      ('anon',                       'nologin noinherit'),
      ('authenticated',              'nologin noinherit'),
      ('service_role',               'nologin noinherit bypassrls'),
      ('authenticator',              'login noinherit'),
      ('dashboard_user',             'nologin createdb createrole replication'),
      ('supabase_auth_admin',        'login noinherit createrole'),
      ('supabase_storage_admin',     'login noinherit createrole'),
      ('supabase_realtime_admin',    'nologin noinherit'),
      ('supabase_replication_admin', 'login replication'),
      ('supabase_read_only_user',    'login bypassrls')
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute pg_catalog.format('create role %I', wanted.name);
    end if;
    execute pg_catalog.format('alter role %I nosuperuser %s', wanted.name, wanted.attributes);
  end loop;

  -- Only roles that the stack or people connect as get a password; the others can log in by none.
  for wanted in select * from (values ('postgres'), ('authenticator'), ('supabase_replication_admin')) as roles (name)
  loop
    execute pg_catalog.format('alter role %I password %L', wanted.name,
      pg_catalog.current_setting('stack.db_password'));
  end loop;

  execute pg_catalog.format('alter database %I owner to postgres', pg_catalog.current_database());
end
$$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator, supabase_read_only_user to postgres
  with admin true, inherit true, set true;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin true;
grant pg_read_all_data to supabase_read_only_user;

-- On hosted Supabase an extension lets postgres create policies on realtime.messages, which it does not own.
-- Here that takes the owner's rights. It may not act as the owner (set false): that fails on hosted, too.
grant supabase_realtime_admin to postgres with inherit true, set false;

alter role postgres set search_path = "$user", public, extensions;
alter role authenticator set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, extensions;

-- As on hosted Supabase. The API switches the role inside a transaction; it reads these itself.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
