-- Default grants of a hosted Supabase project: what `postgres` creates in `public` is reachable by the API's
-- roles, and RLS is what protects it. Safe to repeat.

grant usage on schema public to anon, authenticated, service_role;

do $$
declare
  creator name;
begin
  foreach creator in array array['postgres', 'supabase_admin']::name[] loop
    execute pg_catalog.format(
      'alter default privileges for role %I in schema public
         grant all on tables to postgres, anon, authenticated, service_role', creator);
    execute pg_catalog.format(
      'alter default privileges for role %I in schema public
         grant all on sequences to postgres, anon, authenticated, service_role', creator);
    execute pg_catalog.format(
      'alter default privileges for role %I in schema public
         grant all on functions to postgres, anon, authenticated, service_role', creator);
  end loop;
end
$$;

-- The API may use what stands in `extensions`, such as gen_random_bytes.
grant execute on all functions in schema extensions to anon, authenticated, service_role;
