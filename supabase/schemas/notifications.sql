-- Notifications: what a user was told, in order, without gaps. The table is the truth; broadcasts only make it fast.
--
-- `seq` comes from the user's head row. Taking it locks the row until the transaction ends, so the next number is
-- given only after the one before is committed or given back: commit order is seq order, and a cursor never skips.
-- A sequence could not do this: it hands out numbers at once and shows them whenever each transaction commits.

create table private.notification_heads (
  user_id uuid primary key references auth.users (id) on delete cascade,
  epoch uuid not null default gen_random_uuid(),
  seq bigint not null default 0,
  floor bigint not null default 0,
  constraint notification_heads_floor_is_reached check (floor between 0 and seq)
)
-- Updated with every notification: room for the next version on the same page keeps the index out of it.
with (fillfactor = 50);
comment on table private.notification_heads is 'The last number given to each user; locked by whoever takes the next.';
comment on column private.notification_heads.epoch is 'Names this numbering; a new one means that cursors of the old are void.';
comment on column private.notification_heads.seq is 'Number of the user''s latest notification.';
comment on column private.notification_heads.floor is
  'Notifications up to this number were deleted by the retention; a cursor below it cannot be caught up.';
-- Closed to every API role; read through notification_head().
alter table private.notification_heads enable row level security;
revoke all on table private.notification_heads from public, anon, authenticated, service_role;

create table public.notifications (
  user_id uuid not null references private.notification_heads (user_id) on delete cascade,
  seq bigint not null,
  epoch uuid not null,
  type text not null,
  payload jsonb not null,
  job_id uuid references public.jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  seen_at timestamptz,
  read_at timestamptz,
  primary key (user_id, seq),
  constraint notifications_seq_is_positive check (seq > 0)
);
comment on table public.notifications is
  'Durable messages of a user, numbered without gaps in commit order. Deleted with the numbering they belong to.';
comment on column public.notifications.epoch is 'The numbering that seq belongs to.';
comment on column public.notifications.payload is 'The complete message as it was broadcast, seq and epoch included.';
comment on column public.notifications.created_at is 'Moment of the change that the message tells of.';
comment on column public.notifications.seen_at is 'When the user saw it in the inbox.';
comment on column public.notifications.read_at is 'When the user read it; what is read is seen.';
create index notifications_job_id_idx on public.notifications (job_id);
create index notifications_unseen_idx on public.notifications (user_id, seq) where seen_at is null;
create index notifications_unread_idx on public.notifications (user_id, seq) where read_at is null;
-- For the retention. The table grows by time, so a block range index stays tiny.
create index notifications_created_at_idx on public.notifications using brin (created_at);
alter table public.notifications enable row level security;
create policy "People can read their own notifications"
on public.notifications for select to authenticated
using (user_id = (select auth.uid()));
revoke all on table public.notifications from public, anon, authenticated, service_role;
grant select on table public.notifications to authenticated;
-- Not even service_role writes: the triggers add, with the head row in hand, mark_notifications marks, the retention
-- deletes.
grant select on table public.notifications to service_role;

create function public.notification_head()
returns table (epoch uuid, seq bigint, floor bigint)
language sql
stable
-- Definer: the heads are closed to API roles; this shows the caller's own alone.
security definer
set search_path = ''
as $$
  select head.epoch, coalesce(head.seq, 0), coalesce(head.floor, 0)
  from (select auth.uid() as user_id) as caller
  left join private.notification_heads as head on head.user_id = caller.user_id;
$$;
comment on function public.notification_head() is
  'Where the caller''s notifications stand: always one row; epoch null and seq 0 before the first. Creates nothing.';
revoke execute on function public.notification_head() from public, anon, authenticated;
grant execute on function public.notification_head() to authenticated, service_role;

create function private.lock_head(p_user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.notification_heads (user_id) values (p_user_id) on conflict (user_id) do nothing;
  perform from private.notification_heads as head where head.user_id = p_user_id for no key update;
end;
$$;
comment on function private.lock_head(uuid) is
  'Waits for the head of a user''s notifications, for whoever takes it later with something in hand.';
revoke execute on function private.lock_head(uuid) from public, anon, authenticated;
