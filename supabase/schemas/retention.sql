-- Retention: old notifications are deleted from the oldest on, and the head's floor says up to where. A client with a
-- cursor below the floor knows that it has missed something and reloads.

create function private.prune_notifications(p_keep interval default '90 days')
returns bigint
language plpgsql
volatile
-- Invoker: run by its owner from cron; granted to nobody.
security invoker
set search_path = ''
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
    -- Whoever is in a transaction now has their turn tomorrow.
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
  'Deletes every user''s notifications up to the last one older than p_keep and raises the floors. Returns how many were deleted.';
revoke execute on function private.prune_notifications(interval) from public, anon, authenticated, service_role;
