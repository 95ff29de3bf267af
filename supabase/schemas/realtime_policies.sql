-- Who may receive and send on private channels. Realtime decides by reading and writing realtime.messages as the user, with
-- realtime.topic() set, so these policies are all that opens a channel.
--
--   user:<uid>              that user receives broadcasts and presence, and sends presence
--   incident:<id>:<epoch>   members, and staff who see the incident, receive broadcasts and presence, and send presence
--   queue:<id>              users who have a job in the queue receive broadcasts
--
-- Only the database broadcasts; clients call send_to_topic. With limits.devices_must_register, channels are open only to
-- sign-ins with a live device. Clients choose topics: a malformed one is refused without an error.

create function private.topic_id(p_kind text) returns uuid
language sql stable security invoker set search_path = ''
as $$
  select case
    when pg_catalog.octet_length(realtime.topic()) <= 64 and pg_catalog.split_part(realtime.topic(), ':', 1) = p_kind
    then private.try_uuid(pg_catalog.substr(realtime.topic(), pg_catalog.length(p_kind) + 2))
  end;
$$;
comment on function private.topic_id(text) is
  'The id in the channel''s topic <kind>:<uuid>. Null for a topic of another kind or a malformed one.';
revoke execute on function private.topic_id(text) from public, anon, authenticated;
grant execute on function private.topic_id(text) to authenticated, service_role;

create function private.can_follow_queue(p_queue_id uuid) returns boolean
language plpgsql stable
-- Definer: under the policy of jobs, every job of the queue would be checked on its own.
security definer set search_path = ''
as $$
begin
  return exists (
    select from public.jobs as job where job.queue_id = p_queue_id and job.user_id = (select auth.uid())
  );
end;
$$;
comment on function private.can_follow_queue(uuid) is
  'Whether the queue has a job of the caller. The other members of an incident may not follow queues: a member who was removed would hear them until the end of the token.';
revoke execute on function private.can_follow_queue(uuid) from public, anon, authenticated;
grant execute on function private.can_follow_queue(uuid) to authenticated, service_role;

create function private.is_live_device() returns boolean
language sql stable
-- Definer: policies call it as the user, and devices are closed to API roles.
security definer set search_path = ''
as $$
  select not limits.devices_must_register or exists (
    select from private.devices as device
    where device.user_id = (select auth.uid())
      and device.session_id is not distinct from (select private.session_id())
      and device.displaced_by is null
      and device.last_seen_at > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => limits.device_silence_seconds)
  )
  from private.limits as limits;
$$;
comment on function private.is_live_device() is
  'Whether the caller''s sign-in has a live device. Always true when limits.devices_must_register is false.';
revoke execute on function private.is_live_device() from public, anon, authenticated;
grant execute on function private.is_live_device() to authenticated, service_role;

create policy "People can receive on their own topic"
on realtime.messages for select to authenticated
using (
  extension in ('broadcast', 'presence')
  and (select private.topic_id('user')) = (select auth.uid())
  and (select private.is_live_device())
);
create policy "People can show their presence on their own topic"
on realtime.messages for insert to authenticated
with check (
  extension = 'presence'
  and (select private.topic_id('user')) = (select auth.uid())
  and (select private.is_live_device())
);
create policy "Members can receive on the topics of their incidents"
on realtime.messages for select to authenticated
using (
  extension in ('broadcast', 'presence')
  and (select private.may_use_incident_topic())
  and (select private.is_live_device())
);
create policy "Members can show their presence on the topics of their incidents"
on realtime.messages for insert to authenticated
with check (
  extension = 'presence'
  and (select private.may_use_incident_topic())
  and (select private.is_live_device())
);
create policy "People can receive on the queues of their jobs"
on realtime.messages for select to authenticated
using (
  extension = 'broadcast'
  and (select private.can_follow_queue(private.topic_id('queue')))
  and (select private.is_live_device())
);
