-- Realtime's postgres_changes: pages of other makers may follow the status rows by it. Row level security decides for each
-- subscriber, and without a subscriber it costs nothing. Broadcasts are faster, because Realtime polls for these changes.

alter publication supabase_realtime add table public.jobs;
