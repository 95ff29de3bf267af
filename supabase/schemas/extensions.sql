-- Extensions, and the schema that the API does not expose.
--
--   pg_net           sends HTTP requests after a commit: calls of Edge Functions
--   pg_cron          runs the sweeper and what deletes old rows
--   supabase_vault   is part of every Supabase project; it holds the project's URL and secret key

create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;

create schema if not exists private;
comment on schema private is
  'Internals of the database: helpers of policies and triggers, kinds of jobs, heads of the notifications. Not exposed by the API.';
revoke all on schema private from public;
-- Policies and functions that run as these roles call helpers in it. Each helper is granted on its own.
grant usage on schema private to authenticated, service_role;
