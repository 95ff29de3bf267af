-- Marks: notifications that a user has seen or read. A mark on one device is told to the user's other devices, with counts.
--
--   mark_notifications ▸ lock of the user's marks ▸ update ▸ counts ▸ broadcast notification_read
--
-- The counts are those of one moment, named by `headSeq`: the last number at that moment. A device adds the notifications
-- it has with a higher number, which are unseen and unread. So the order in which messages arrive does not matter. Marks of
-- one user wait for each other, because two at a time would each count without the other.
--
-- mark_notifications is the only way to set marks, so that the devices always agree.

create function private.count_notifications(p_user_id uuid)
returns table (epoch uuid, seq bigint, unseen_count bigint, unread_count bigint)
language sql stable security invoker set search_path = ''
as $$
  -- One statement reads one snapshot, so head and counts belong together. Each count reads a partial index of the unseen
  -- (unread) notifications.
  select
    head.epoch,
    coalesce(head.seq, 0),
    (
      select pg_catalog.count(*) from public.notifications as notification
      where notification.user_id = p_user_id and notification.seen_at is null
    ),
    (
      select pg_catalog.count(*) from public.notifications as notification
      where notification.user_id = p_user_id and notification.read_at is null
    )
  from (select p_user_id as user_id) as owner
  left join private.notification_heads as head on head.user_id = owner.user_id;
$$;
comment on function private.count_notifications(uuid) is
  'Number of a user''s unseen and unread notifications, as of the returned epoch and seq. Always one row.';
revoke execute on function private.count_notifications(uuid) from public, anon, authenticated;

create function public.notification_counts()
returns table (epoch uuid, seq bigint, unseen_count bigint, unread_count bigint)
language sql stable
-- Definer: the heads are closed to API roles. The function shows the caller's own.
security definer set search_path = ''
as $$
  select counts.epoch, counts.seq, counts.unseen_count, counts.unread_count
  from private.count_notifications((select auth.uid())) as counts;
$$;
comment on function public.notification_counts() is
  'Number of the caller''s unseen and unread notifications, as of the returned epoch and seq. Always one row.';
revoke execute on function public.notification_counts() from public, anon, authenticated;
grant execute on function public.notification_counts() to authenticated, service_role;

create function public.unread_incidents() returns table (incident_id uuid, unread_count bigint)
language sql stable security invoker set search_path = ''
as $$
  select notification.incident_id, pg_catalog.count(*)
  from public.notifications as notification
  where notification.user_id = (select auth.uid())
    and notification.read_at is null
    and notification.incident_id is not null
  group by notification.incident_id;
$$;
comment on function public.unread_incidents() is 'Number of the caller''s unread notifications of each incident that has some.';
revoke execute on function public.unread_incidents() from public, anon, authenticated, service_role;
grant execute on function public.unread_incidents() to authenticated;

create function public.mark_notifications(
  p_up_to bigint default null,
  p_seqs bigint[] default null,
  p_seen boolean default null,
  p_read boolean default null,
  p_done boolean default null
) returns integer
language plpgsql volatile
-- Definer: people may neither update notifications nor broadcast. The function does both for the caller's own.
security definer set search_path = ''
as $$
declare
  -- The broadcast lists the numbers. A longer list would be too large to send.
  v_max_listed constant integer := 10000;
  -- First key of the advisory lock: the ASCII codes of "mark".
  v_lock constant integer := 1835102827;
  v_user_id constant uuid := auth.uid();
  -- Done implies read, read implies seen; unseen implies unread, and unread implies not done.
  v_seen constant boolean := case when p_read or p_done then true else p_seen end;
  v_read constant boolean := case when p_done then true when p_seen is false and p_read is null then false else p_read end;
  v_done constant boolean := case when v_read is false then false else p_done end;
  v_first bigint;
  v_last bigint;
  v_changed bigint[];
begin
  -- Room for more than v_max_listed numbers of eight bytes.
  perform private.check_size('p_seqs', pg_catalog.pg_column_size(p_seqs), 131072);
  perform private.count_call('mark_notifications');
  if (p_up_to is null) = (p_seqs is null)
     or (p_seen is null and p_read is null and p_done is null)
     or (p_seen is false and (p_read or p_done))
     or (p_read is false and p_done)
     or pg_catalog.cardinality(p_seqs) > v_max_listed
  then
    raise exception 'invalid_arguments' using
      errcode = 'PT400',
      detail = pg_catalog.format(
        'Give p_up_to or at most %s p_seqs, and p_seen, p_read or p_done that do not contradict.', v_max_listed
      );
  end if;
  if v_user_id is null then
    return 0;
  end if;

  perform pg_catalog.pg_advisory_xact_lock(v_lock, pg_catalog.hashtext(v_user_id::text));

  -- Bounds of the numbers, for the index of the primary key. Never beyond the head: later notifications do not exist yet.
  if p_seqs is null then
    v_first := 0;
    select least(p_up_to, head.seq) into v_last from private.notification_heads as head where head.user_id = v_user_id;
  else
    select pg_catalog.min(listed), pg_catalog.max(listed) into v_first, v_last from unnest(p_seqs) as listed;
  end if;

  with changed as (
    update public.notifications as notification
    set
      seen_at = case
        when v_seen then coalesce(notification.seen_at, pg_catalog.now())
        when v_seen is null then notification.seen_at
      end,
      read_at = case
        when v_read then coalesce(notification.read_at, pg_catalog.now())
        when v_read is null then notification.read_at
      end,
      done_at = case
        when v_done then coalesce(notification.done_at, pg_catalog.now())
        when v_done is null then notification.done_at
      end
    where notification.user_id = v_user_id
      and notification.seq between v_first and v_last
      and (p_seqs is null or notification.seq = any (p_seqs))
      and (
        (v_seen is not null and v_seen <> (notification.seen_at is not null))
        or (v_read is not null and v_read <> (notification.read_at is not null))
        or (v_done is not null and v_done <> (notification.done_at is not null))
      )
    returning notification.seq
  )
  select pg_catalog.array_agg(changed.seq order by changed.seq) into v_changed from changed;
  if v_changed is null then
    return 0;
  end if;

  perform private.broadcast(
    'user:' || v_user_id,
    pg_catalog.jsonb_strip_nulls(
      pg_catalog.jsonb_build_object(
        'upTo', case when p_seqs is null then v_last end,
        'seqs', case when p_seqs is not null then pg_catalog.to_jsonb(v_changed) end,
        'seen', v_seen,
        'read', v_read,
        'done', v_done
      )
    )
    || pg_catalog.jsonb_build_object(
      'type', 'notification_read',
      'unseenCount', counts.unseen_count,
      'unreadCount', counts.unread_count,
      'headSeq', counts.seq,
      'epoch', counts.epoch,
      'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
    )
  )
  from private.count_notifications(v_user_id) as counts;
  return pg_catalog.cardinality(v_changed);
end;
$$;
comment on function public.mark_notifications(bigint, bigint[], boolean, boolean, boolean) is
  'Marks the caller''s notifications up to a number, or the listed ones (at most 10,000), as seen or unseen, read or unread, done or not. Tells the user''s devices by notification_read if something changed. Returns the number of changed notifications. Errors: message_too_large, rate_limited, invalid_arguments.';
revoke execute on function public.mark_notifications(bigint, bigint[], boolean, boolean, boolean) from public, anon, authenticated;
grant execute on function public.mark_notifications(bigint, bigint[], boolean, boolean, boolean) to authenticated, service_role;
