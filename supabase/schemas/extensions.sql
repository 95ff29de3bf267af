-- Extensions and the schema that the API never exposes.
--
-- pg_net sends HTTP requests after commit (a nudge for the Edge Functions), pg_cron runs the sweeper and the
-- retention. The vault (`vault.decrypted_secrets`) exists on every Supabase project already.

create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron;

create schema if not exists private;
comment on schema private is
  'Internals of the database: helpers of policies, the type mapping of jobs, the heads of the notifications. Not exposed by the API.';
revoke all on schema private from public;
-- Policies and functions that run as these roles call helpers in it; each helper is granted by itself.
grant usage on schema private to authenticated, service_role;
