-- pg_cron is available and not yet created, as on a new hosted project: a migration says
-- `create extension if not exists pg_cron`. Creating an extension needs the right to create in the database.
do $$
begin
  execute pg_catalog.format('grant create on database %I to postgres', pg_catalog.current_database());
end
$$;
