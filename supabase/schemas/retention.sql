-- Retention: deletes old notifications, oldest first, and sets the head's floor to the last deleted number. A client with a
-- cursor below the floor knows that it cannot catch up, and reloads.

create function private.prune_notifications(p_keep interval default '90 days') returns bigint
language plpgsql volatile
-- Invoker: pg_cron calls it as its owner.
security invoker set search_path = ''
as $$
declare
  v_deleted bigint;
begin
  with old as (
    select notification.user_id, pg_catalog.max(notification.seq) as seq
    from public.notifications as notification
    where notification.created_at < pg_catalog.now() - p_keep
    group by notification.user_id
  ),
  locked as (
    -- A user whose head is locked has their turn tomorrow.
    select head.user_id, old.seq
    from private.notification_heads as head
    join old on old.user_id = head.user_id
    for no key update of head skip locked
  ),
  raised as (
    update private.notification_heads as head
    set floor = greatest(head.floor, locked.seq)
    from locked
    where head.user_id = locked.user_id
    returning head.user_id, head.floor
  ),
  deleted as (
    delete from public.notifications as notification
    using raised
    where notification.user_id = raised.user_id and notification.seq <= raised.floor
    returning 1
  )
  select pg_catalog.count(*) into v_deleted from deleted;
  return v_deleted;
end;
$$;
comment on function private.prune_notifications(interval) is
  'Deletes each user''s notifications up to the last one that is older than p_keep, and raises the floors. Returns the number of deleted notifications.';
revoke execute on function private.prune_notifications(interval) from public, anon, authenticated, service_role;
