-- Postgres changes: whoever prefers Realtime's postgres_changes to broadcasts may follow the status rows too. Row
-- level security decides for each subscriber; where nobody subscribes it costs nothing. Broadcasts stay the fast path:
-- Realtime polls for these changes.

alter publication supabase_realtime add table public.jobs;
