-- Extensions that every hosted Supabase project has, in the schema it keeps them in. Safe to repeat.

create schema if not exists extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;

grant usage on schema extensions to postgres, anon, authenticated, service_role;
grant all on schema extensions to dashboard_user;
-- `create extension ... with schema extensions` in a migration.
grant create on schema extensions to postgres;

-- Exposed by the API's configuration; empty without pg_graphql.
create schema if not exists graphql_public;
grant usage on schema graphql_public to postgres, anon, authenticated, service_role;
