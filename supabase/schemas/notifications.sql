-- Notifications: the durable messages of a user, numbered without gaps. The table is the truth; a broadcast is the fast way
-- to the browser, and may be lost.
--
-- `seq` comes from the user's head row. The transaction that takes a number holds the row's lock until its end, so the next
-- number is given only after this one is committed or rolled back: commit order is `seq` order, and a cursor never skips a
-- notification. A PostgreSQL sequence hands out numbers without waiting, so a higher number could be visible first.
-- docs/adr/0001-gapless-sequence.md

create table private.notification_heads (
  user_id uuid primary key references auth.users (id) on delete cascade,
  epoch uuid not null default gen_random_uuid(),
  seq bigint not null default 0,
  floor bigint not null default 0,
  constraint notification_heads_floor_is_reached check (floor between 0 and seq)
)
-- Every notification updates its head. Free space on the page lets the update leave the index alone (HOT).
with (fillfactor = 50);
comment on table private.notification_heads is 'The last number of each user''s notifications. A transaction that takes the next number locks the row.';
comment on column private.notification_heads.epoch is 'Id of this numbering. Cursors of another epoch are void.';
comment on column private.notification_heads.seq is 'Number of the user''s latest notification.';
comment on column private.notification_heads.floor is
  'Notifications up to this number have been deleted. A client with a cursor below it cannot catch up, and reloads.';
-- Closed to every API role. notification_head() shows the caller's own row.
alter table private.notification_heads enable row level security;
revoke all on table private.notification_heads from public, anon, authenticated, service_role;

create table public.notifications (
  user_id uuid not null references private.notification_heads (user_id) on delete cascade,
  seq bigint not null,
  epoch uuid not null,
  type text not null,
  payload jsonb not null,
  job_id uuid references public.jobs (id) on delete set null,
  incident_id uuid,
  created_at timestamptz not null default now(),
  seen_at timestamptz,
  read_at timestamptz,
  done_at timestamptz,
  primary key (user_id, seq),
  constraint notifications_seq_is_positive check (seq > 0)
);
comment on table public.notifications is
  'Durable messages of a user, numbered without gaps in commit order. Deleted with the numbering they belong to.';
comment on column public.notifications.epoch is 'Epoch of the head when seq was given.';
comment on column public.notifications.payload is 'The complete message as it was broadcast, seq and epoch included.';
comment on column public.notifications.incident_id is
  'The incident that the message tells of. Not a reference: notifications outlive the incident, so that the numbers have no gap.';
comment on column public.notifications.created_at is 'When the change happened that the message tells of.';
comment on column public.notifications.seen_at is 'When the user saw it in the inbox.';
comment on column public.notifications.read_at is 'When the user read it. A notification that is read is seen, too.';
comment on column public.notifications.done_at is 'When the user put it aside. A notification that is done is read, too.';
create index notifications_job_id_idx on public.notifications (job_id);
create index notifications_unseen_idx on public.notifications (user_id, seq) where seen_at is null;
-- Unread notifications, also of one incident.
create index notifications_unread_idx on public.notifications (user_id, incident_id, seq) where read_at is null;
-- For the retention. Rows are added in the order of time, so a block range index is enough, and tiny.
create index notifications_created_at_idx on public.notifications using brin (created_at);
alter table public.notifications enable row level security;
create policy "People can read their own notifications"
on public.notifications for select to authenticated
using (user_id = (select auth.uid()));
revoke all on table public.notifications from public, anon, authenticated, service_role;
grant select on table public.notifications to authenticated;
-- service_role cannot write: only the triggers add rows, with the head locked; mark_notifications marks them, and the
-- retention deletes them.
grant select on table public.notifications to service_role;

-- Pages compare heads, because a lost broadcast is not announced (docs/adr/0008-messages-lost-in-a-flood.md). A page that
-- somebody watches does so every 1.5 s, or as often as this table says. So the load of all pages together is bounded.
create table private.head_pace (
  only_row boolean primary key default true,
  interval_ms integer not null default 0,
  constraint head_pace_is_one_row check (only_row),
  constraint head_pace_interval_is_not_negative check (interval_ms >= 0)
);
comment on table private.head_pace is 'How often a page may call notification_head(). Computed every minute by pace_head_checks().';
comment on column private.head_pace.interval_ms is 'Milliseconds between two calls of a page, at least.';
alter table private.head_pace enable row level security;
revoke all on table private.head_pace from public, anon, authenticated, service_role;

create function public.notification_head()
returns table (epoch uuid, seq bigint, floor bigint, interval_ms integer)
language sql stable
-- Definer: the heads are closed to API roles. The function shows the caller's own.
security definer set search_path = ''
as $$
  select
    head.epoch,
    coalesce(head.seq, 0),
    coalesce(head.floor, 0),
    coalesce((select pace.interval_ms from private.head_pace as pace), 0)
  from (select auth.uid() as user_id) as caller
  left join private.notification_heads as head on head.user_id = caller.user_id
  -- The token of a deleted user is good until it expires.
  where caller.user_id is null or exists (select from auth.users as account where account.id = caller.user_id);
$$;
comment on function public.notification_head() is
  'Epoch, last number and floor of the caller''s notifications, and the milliseconds after which to call again at the earliest. One row; before the first notification the epoch is null and seq is 0. No row: the caller''s account was deleted.';
revoke execute on function public.notification_head() from public, anon, authenticated;
grant execute on function public.notification_head() to authenticated, service_role;

create function private.lock_head(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  insert into private.notification_heads (user_id) values (p_user_id) on conflict (user_id) do nothing;
  perform from private.notification_heads as head where head.user_id = p_user_id for no key update;
end;
$$;
comment on function private.lock_head(uuid) is
  'Locks the head of a user''s notifications until the end of the transaction. For functions that lock an incident or a kind next: the order of locks is jobs, heads, incidents, kinds.';
revoke execute on function private.lock_head(uuid) from public, anon, authenticated;
