-- pg_net is available and not yet created, as on a new hosted project: a migration says
-- `create extension if not exists pg_net with schema extensions`. The role that hosted Supabase's database
-- webhooks run as is there before.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'supabase_functions_admin') then
    create role supabase_functions_admin noinherit createrole login noreplication;
  end if;
end
$$;
