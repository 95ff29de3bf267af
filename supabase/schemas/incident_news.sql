-- News of an incident that is not about a job: notes, mentions, members. In the transaction of the change.
--
--   add_case_note        ──▶ note_added, mentioned          ┐
--   incident_members     ──▶ assigned, or member_added and  ├─ private.publish ──▶ the incident's followers
--     (any statement)        incident_added; member_removed │
--   incidents            ──▶ incident_state                 ┘
--   a new incident       ──▶ incident_added ──▶ the staff
--
-- The user who made the change is auth.uid(): null for a service. That user gets no notification of it.

create function private.incident_message(
  p_type text,
  p_incident_id uuid,
  p_actor_id uuid,
  p_at timestamptz,
  p_more jsonb default '{}'
) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return p_more || pg_catalog.jsonb_build_object(
    'type', p_type,
    'incidentId', p_incident_id,
    'userId', p_actor_id,
    'timestamp', private.iso_timestamp(p_at)
  );
end;
$$;
comment on function private.incident_message(text, uuid, uuid, timestamptz, jsonb) is
  'A message about an incident: userId is the user who made the change, null for a service. docs/messages.md lists the messages.';
revoke execute on function private.incident_message(text, uuid, uuid, timestamptz, jsonb)
from public, anon, authenticated;

create function private.news(
  p_kind text,
  p_body jsonb,
  p_user_id uuid default null,
  p_left_out uuid[] default null
) returns private.outgoing_message
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return row(
    p_user_id, null, true, p_body, null, (p_body ->> 'incidentId')::uuid, p_kind,
    case when p_user_id is null then 'told' end, p_left_out, (p_body ->> 'userId')::uuid
  )::private.outgoing_message;
end;
$$;
comment on function private.news(text, jsonb, uuid, uuid[]) is
  'A message about an incident for p_user_id or, without one, for all followers but those in p_left_out.';
revoke execute on function private.news(text, jsonb, uuid, uuid[]) from public, anon, authenticated;

create function private.tg_incident_members__tell_added() returns trigger
language plpgsql volatile
-- Definer: a role that may add members need not be able to publish.
security definer set search_path = ''
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_actor_id constant uuid := auth.uid();
  v_messages private.outgoing_message[];
begin
  -- The owner is a member from the first moment on.
  with added as (
    select member.incident_id, member.user_id, member.role
    from new_members as member
    join public.incidents as incident on incident.id = member.incident_id
    where incident.user_id <> member.user_id
  ),
  message as (
    -- A handler's incident is assigned to the handler: one message, also to the new handler.
    select
      added.incident_id, added.user_id, 1 as place,
      private.news(
        'assignment',
        private.incident_message(
          'assigned', added.incident_id, v_actor_id, v_at,
          pg_catalog.jsonb_build_object('assigneeId', added.user_id)
        )
      ) as outgoing
    from added
    where added.role = 'handler'
    union all
    select
      added.incident_id, added.user_id, 1,
      private.news(
        'people',
        private.incident_message(
          'member_added', added.incident_id, v_actor_id, v_at,
          pg_catalog.jsonb_build_object('memberId', added.user_id, 'role', added.role)
        ),
        null, array[added.user_id]
      )
    from added
    where added.role <> 'handler'
    union all
    select
      added.incident_id, added.user_id, 2,
      private.news(
        'new_case',
        private.incident_message(
          'incident_added', added.incident_id, v_actor_id, v_at, pg_catalog.jsonb_build_object('role', added.role)
        ),
        added.user_id
      )
    from added
    where added.role <> 'handler'
  )
  select pg_catalog.array_agg(message.outgoing order by message.incident_id, message.place, message.user_id)
  into v_messages
  from message;
  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_incident_members__tell_added() is
  'Publishes assigned about a new handler; about another new member member_added to the followers and incident_added to the member.';
revoke execute on function private.tg_incident_members__tell_added() from public, anon, authenticated;

create trigger tg_incident_members__tell_added
after insert on public.incident_members referencing new table as new_members
for each statement execute function private.tg_incident_members__tell_added();

create trigger tg_incident_members__tell_changed
after update on public.incident_members referencing new table as new_members
for each statement execute function private.tg_incident_members__tell_added();

create function private.tg_incident_members__tell_removed() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__tell_added.
security definer set search_path = ''
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_actor_id constant uuid := auth.uid();
  v_messages private.outgoing_message[];
begin
  -- Nothing is told of an incident or to a user that the same statement deletes.
  with removed as (
    select member.incident_id, member.user_id, exists (
      select from auth.users as person where person.id = member.user_id
    ) as remains
    from old_members as member
    join public.incidents as incident on incident.id = member.incident_id
    -- The account that held a waiting claim leaves it with its role.
    where incident.user_id <> member.user_id and member.role <> 'owner'
  ),
  message as (
    select
      removed.*,
      private.incident_message(
        'member_removed', removed.incident_id, v_actor_id, v_at,
        pg_catalog.jsonb_build_object('memberId', removed.user_id)
      ) as body
    from removed
  ),
  outgoing as (
    select message.incident_id, message.user_id, 1 as place, private.news('people', message.body) as outgoing from message
    union all
    select message.incident_id, message.user_id, 2, private.news('new_case', message.body, message.user_id)
    from message
    where message.remains
  )
  select pg_catalog.array_agg(outgoing.outgoing order by outgoing.incident_id, outgoing.place, outgoing.user_id)
  into v_messages
  from outgoing;
  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_incident_members__tell_removed() is
  'Publishes member_removed to the followers and to the removed members.';
revoke execute on function private.tg_incident_members__tell_removed() from public, anon, authenticated;

create trigger tg_incident_members__tell_removed
after delete on public.incident_members referencing old table as old_members
for each statement execute function private.tg_incident_members__tell_removed();

create function private.tg_incidents__tell_state() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__tell_added.
security definer set search_path = ''
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
begin
  perform private.publish(
    array[
      private.news(
        'state',
        private.incident_message(
          'incident_state', new.id, auth.uid(), v_at, pg_catalog.jsonb_build_object('state', new.state)
        )
      )
    ],
    v_at
  );
  return null;
end;
$$;
comment on function private.tg_incidents__tell_state() is 'Publishes incident_state to the followers.';
revoke execute on function private.tg_incidents__tell_state() from public, anon, authenticated;

create trigger tg_incidents__tell_state
after update on public.incidents
for each row when (old.state <> new.state)
execute function private.tg_incidents__tell_state();

create function private.tg_incidents__tell_staff() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__tell_added.
security definer set search_path = ''
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_messages private.outgoing_message[];
begin
  select pg_catalog.array_agg(
    private.news(
      'new_case',
      private.incident_message(
        'incident_added', incident.id, auth.uid(), v_at, pg_catalog.jsonb_build_object('reason', 'staff')
      ),
      staff.user_id
    )
    order by incident.created_at, incident.id, staff.user_id
  )
  into v_messages
  from new_incidents as incident
  cross join public.staff as staff
  where staff.user_id <> incident.user_id;
  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;
comment on function private.tg_incidents__tell_staff() is 'Publishes incident_added about new incidents to the staff.';
revoke execute on function private.tg_incidents__tell_staff() from public, anon, authenticated;

create trigger tg_incidents__tell_staff
after insert on public.incidents referencing new table as new_incidents
for each statement execute function private.tg_incidents__tell_staff();

create function private.lock_heads_of_claim(p_user_id uuid) returns void
language plpgsql volatile
-- Definer: heads are closed to every API role.
security definer set search_path = ''
as $$
begin
  perform private.lock_heads_of_incident(
    null, array(select staff.user_id from public.staff as staff) || p_user_id
  );
end;
$$;
comment on function private.lock_heads_of_claim(uuid) is
  'Locks the heads of the staff and of the owner of a claim that is about to be added, all in one order.';
revoke execute on function private.lock_heads_of_claim(uuid) from public, anon, authenticated;
grant execute on function private.lock_heads_of_claim(uuid) to service_role;
