-- What people did about a case: who came, who went, who handles it, where it stands. One row per act, written in the
-- transaction of the act by the functions of members.sql, invitations.sql and incident_state.sql. Rows are never changed.
-- The custody log (custody.sql) is about the files.

create table public.incident_events (
  id bigint generated always as identity primary key,
  incident_id uuid not null references public.incidents (id) on delete cascade,
  event text not null,
  actor_id uuid references auth.users (id) on delete set null,
  user_id uuid references auth.users (id) on delete set null,
  role text,
  state text,
  created_at timestamptz not null default clock_timestamp(),
  constraint incident_events_event_is_known check (
    event in (
      'member_invited', 'invitation_withdrawn', 'member_added', 'member_removed', 'role_changed', 'assigned', 'unassigned',
      'state_changed'
    )
  )
);
comment on table public.incident_events is 'Who did what about a case and its members, in order.';
comment on column public.incident_events.actor_id is
  'Who did it. For an accepted invitation, who invited. Null: the operator, or an account that was deleted.';
comment on column public.incident_events.user_id is
  'The person it was done to. The actor''s own id when they took the case or left it. Null for invitations and states.';
comment on column public.incident_events.role is 'The role that the person or the invitation has now. For a removal, the role before.';
comment on column public.incident_events.state is 'The state that the case has now.';
create index incident_events_incident_id_idx on public.incident_events (incident_id, id desc);
create index incident_events_actor_id_idx on public.incident_events (actor_id);
create index incident_events_user_id_idx on public.incident_events (user_id);
alter table public.incident_events enable row level security;
create policy "Members can read what was done about their incidents"
on public.incident_events for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.incident_events from public, anon, authenticated, service_role;
grant select on table public.incident_events to authenticated, service_role;

create function private.add_incident_event(
  p_incident_id uuid,
  p_event text,
  p_actor_id uuid,
  p_user_id uuid default null,
  p_role text default null,
  p_state text default null
) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  insert into public.incident_events (incident_id, event, actor_id, user_id, role, state)
  values (p_incident_id, p_event, p_actor_id, p_user_id, p_role, p_state);
  perform private.tell_incident(
    p_incident_id, case p_event when 'state_changed' then 'incidents' else 'incident_members' end, p_actor_id
  );
end;
$$;
comment on function private.add_incident_event(uuid, text, uuid, uuid, text, text) is
  'Writes an act into incident_events, and tells the members who have the case open.';
revoke execute on function private.add_incident_event(uuid, text, uuid, uuid, text, text) from public, anon, authenticated;

create function private.lock_incidents(p_incident_ids uuid[], p_user_id uuid default null) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform private.lock_head(person.id)
  from (
    select incident.user_id as id from public.incidents as incident where incident.id = any (p_incident_ids)
    union
    select member.user_id from public.incident_members as member where member.incident_id = any (p_incident_ids)
    union
    select account.id from auth.users as account where account.id = p_user_id
    order by 1
  ) as person;
  perform from public.incidents as incident where incident.id = any (p_incident_ids) order by incident.id for no key update;
end;
$$;
comment on function private.lock_incidents(uuid[], uuid) is
  'Locks incidents for a change of their members or state, after the heads of the people who are told of it: the order of locks is jobs, heads, incidents, kinds. p_user_id is the person who comes.';
revoke execute on function private.lock_incidents(uuid[], uuid) from public, anon, authenticated;
