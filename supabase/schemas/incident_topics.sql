-- The topic of an incident, and how a user who lost access is cut off from it at once.
--
-- Realtime asks the policies when a channel is joined and when its token is renewed. Until then, which may take an hour, a
-- joined channel hears what is sent on its topic, also if the client was told to leave. So the topic's name has a number:
--
--   incident:<id>:<access_epoch>
--
--   a user loses access ──▶ access_epoch + 1 ──┬─▶ `incident_moved` on the old topic, the last message there
--                                              └─▶ the next broadcast goes to the new topic
--   remaining members ──▶ incident_topics() ──▶ join the new topic        the others get no topic, and the policy refuses them
--
-- Policies open only the topic of the current number, so no client can join a later topic in advance.

create function private.incident_topic(p_incident_id uuid) returns text
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return (
    select 'incident:' || incident.id || ':' || incident.access_epoch
    from public.incidents as incident
    where incident.id = p_incident_id
  );
end;
$$;
comment on function private.incident_topic(uuid) is 'The current topic of an incident. Null for an unknown incident.';
revoke execute on function private.incident_topic(uuid) from public, anon, authenticated;

create table private.staff_visits (
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  visited_at timestamptz not null,
  primary key (incident_id, user_id)
);
comment on table private.staff_visits is
  'Staff who asked for the topic of an incident that they are not a member of. Only they may join it, so the database knows which topics to move when they lose access.';
create index staff_visits_user_id_idx on private.staff_visits (user_id);
alter table private.staff_visits enable row level security;
revoke all on table private.staff_visits from public, anon, authenticated, service_role;

create function public.incident_topics(p_incident_ids uuid[]) returns table (incident_id uuid, topic text)
language plpgsql volatile
-- Definer: visits are closed to API roles. The function returns topics of incidents that the caller sees.
security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  v_max_incidents constant integer := 100;
  v_user_id constant uuid := auth.uid();
begin
  perform private.check_size('p_incident_ids', pg_catalog.pg_column_size(p_incident_ids), v_max_incidents * 16 + 64);
  perform private.count_call('incident_topics');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can ask for topics.';
  end if;
  insert into private.staff_visits as visit (incident_id, user_id, visited_at)
  select asked.id, v_user_id, pg_catalog.clock_timestamp()
  from (select distinct item.id from unnest(p_incident_ids) as item (id) order by item.id) as asked
  where private.incident_role(asked.id) in ('staff', 'admin')
  on conflict (incident_id, user_id) do update
  set visited_at = excluded.visited_at
  where visit.visited_at < excluded.visited_at - interval '1 hour';
  return query
    select incident.id, 'incident:' || incident.id || ':' || incident.access_epoch
    from public.incidents as incident
    where incident.id = any (p_incident_ids) and private.is_incident_member(incident.id);
end;
$$;
comment on function public.incident_topics(uuid[]) is
  'The topics of at most 100 incidents: what to join now. Without those that the caller does not see. Errors: message_too_large, rate_limited, not_signed_in.';
revoke execute on function public.incident_topics(uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.incident_topics(uuid[]) to authenticated;

create function private.may_use_incident_topic() returns boolean
language plpgsql stable
-- Definer: policies call it as the user, who reads no visit.
security definer set search_path = ''
as $$
declare
  v_topic constant text := realtime.topic();
  v_incident_id uuid;
begin
  if v_topic is null or pg_catalog.octet_length(v_topic) > 64 or v_topic not like 'incident:%' then
    return false;
  end if;
  v_incident_id := private.try_uuid(pg_catalog.split_part(v_topic, ':', 2));
  return coalesce(v_topic = private.incident_topic(v_incident_id), false)
    and case
      when private.incident_role(v_incident_id) in ('staff', 'admin') then exists (
        select from private.staff_visits as visit
        where visit.incident_id = v_incident_id and visit.user_id = (select auth.uid())
      )
      else private.is_incident_member(v_incident_id)
    end;
end;
$$;
comment on function private.may_use_incident_topic() is
  'Whether the channel''s topic is the current one of an incident, and the caller is a member of it, or staff who asked for it.';
revoke execute on function private.may_use_incident_topic() from public, anon, authenticated;
grant execute on function private.may_use_incident_topic() to authenticated, service_role;

create function private.move_incident_topics(p_incident_ids uuid[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_incident record;
begin
  for v_incident in
    select incident.id, incident.access_epoch
    from public.incidents as incident
    where incident.id = any (p_incident_ids)
    order by incident.id
    for no key update
  loop
    update public.incidents as incident
    set access_epoch = v_incident.access_epoch + 1
    where incident.id = v_incident.id;
    perform private.broadcast(
      'incident:' || v_incident.id || ':' || v_incident.access_epoch,
      pg_catalog.jsonb_build_object(
        'type', 'incident_moved',
        'incidentId', v_incident.id,
        'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
      )
    );
  end loop;
end;
$$;
comment on function private.move_incident_topics(uuid[]) is
  'Gives incidents a new topic, and says so on the old one, where users who lost access may still listen.';
revoke execute on function private.move_incident_topics(uuid[]) from public, anon, authenticated;

-- Members. The triggers hold for every way in which a row changes: the functions of members.sql, plain SQL, the end of an
-- account.

create function private.renew_access(p_incident_ids uuid[], p_left uuid[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_incident record;
  v_unassigned boolean;
  v_moved uuid[] := p_left;
begin
  for v_incident in
    select incident.id, incident.unassigned
    from public.incidents as incident
    where incident.id = any (p_incident_ids || p_left)
    order by incident.id
    for no key update
  loop
    v_unassigned := not exists (
      select from public.incident_members as member
      where member.incident_id = v_incident.id and member.role = 'handler'
    );
    continue when v_unassigned = v_incident.unassigned;
    update public.incidents as incident set unassigned = v_unassigned where incident.id = v_incident.id;
    continue when v_unassigned;
    -- The case has a handler now, who is a member from here on. The rest of the staff no longer see it, but for the admins.
    delete from private.staff_visits as visit
    using public.incident_members as member
    where visit.incident_id = v_incident.id
      and member.incident_id = visit.incident_id
      and member.user_id = visit.user_id;
    delete from private.staff_visits as visit
    where visit.incident_id = v_incident.id
      and not exists (
        select from public.staff as staff where staff.user_id = visit.user_id and staff.role = 'admin'
      );
    if found then
      v_moved := v_moved || v_incident.id;
    end if;
  end loop;
  perform private.move_incident_topics(v_moved);
end;
$$;
comment on function private.renew_access(uuid[], uuid[]) is
  'Sets incidents.unassigned after a change of handlers, and moves the topics of incidents that a user has lost access to: those in p_left, and those that the staff no longer see.';
revoke execute on function private.renew_access(uuid[], uuid[]) from public, anon, authenticated;

create function private.tg_incident_members__renew_access_insert() returns trigger
language plpgsql volatile
-- Definer: the writer of a member need not be able to broadcast.
security definer set search_path = ''
as $$
begin
  perform private.renew_access(
    array(select distinct member.incident_id from new_members as member where member.role = 'handler'), '{}'
  );
  return null;
end;
$$;
comment on function private.tg_incident_members__renew_access_insert() is 'Takes an incident that got a handler out of the sight of the rest of the staff.';
revoke execute on function private.tg_incident_members__renew_access_insert() from public, anon, authenticated;

create trigger tg_incident_members__renew_access_insert
after insert on public.incident_members referencing new table as new_members
for each statement execute function private.tg_incident_members__renew_access_insert();

create function private.tg_incident_members__renew_access_update() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__renew_access_insert.
security definer set search_path = ''
as $$
begin
  perform private.renew_access(
    array(
      select member.incident_id from new_members as member
      union
      select member.incident_id from old_members as member
    ),
    array(
      select distinct before.incident_id
      from old_members as before
      where not exists (
        select from new_members as member
        where member.incident_id = before.incident_id and member.user_id = before.user_id
      )
    )
  );
  return null;
end;
$$;
comment on function private.tg_incident_members__renew_access_update() is 'Follows changes of roles.';
revoke execute on function private.tg_incident_members__renew_access_update() from public, anon, authenticated;

create trigger tg_incident_members__renew_access_update
after update on public.incident_members referencing old table as old_members new table as new_members
for each statement execute function private.tg_incident_members__renew_access_update();

create function private.tg_incident_members__renew_access_delete() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__renew_access_insert.
security definer set search_path = ''
as $$
begin
  perform private.renew_access('{}', array(select distinct member.incident_id from old_members as member));
  return null;
end;
$$;
comment on function private.tg_incident_members__renew_access_delete() is 'Cuts removed members off from the incident''s topic.';
revoke execute on function private.tg_incident_members__renew_access_delete() from public, anon, authenticated;

create trigger tg_incident_members__renew_access_delete
after delete on public.incident_members referencing old table as old_members
for each statement execute function private.tg_incident_members__renew_access_delete();

create function private.tg_incidents__change_owner() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__renew_access_insert.
security definer set search_path = ''
as $$
begin
  delete from public.incident_members as member
  where member.incident_id = new.id and member.user_id = old.user_id and member.role = 'owner';
  if not found then
    perform private.move_incident_topics(array[new.id]);
  end if;
  insert into public.incident_members (incident_id, user_id, role)
  values (new.id, new.user_id, 'owner')
  on conflict (incident_id, user_id) do update set role = 'owner';
  return null;
end;
$$;
comment on function private.tg_incidents__change_owner() is
  'When an incident gets another owner: the row of incident_members follows, and the former owner is cut off from the topic.';
revoke execute on function private.tg_incidents__change_owner() from public, anon, authenticated;

create trigger tg_incidents__change_owner
after update of user_id on public.incidents
for each row when (new.user_id <> old.user_id)
execute function private.tg_incidents__change_owner();

create function private.tg_staff__renew_access() returns trigger
language plpgsql volatile
-- Definer: as tg_incident_members__renew_access_insert.
security definer set search_path = ''
as $$
declare
  v_visited uuid[];
begin
  if tg_op = 'DELETE' then
    delete from public.incident_members as member where member.user_id = old.user_id and member.role = 'handler';
  end if;
  -- Users who may still see one of these incidents ask for its new topic, which records their visit anew.
  with gone as (
    delete from private.staff_visits as visit where visit.user_id = old.user_id returning visit.incident_id
  )
  select pg_catalog.array_agg(gone.incident_id order by gone.incident_id) into v_visited from gone;
  perform private.move_incident_topics(v_visited);
  return null;
end;
$$;
comment on function private.tg_staff__renew_access() is
  'A person who leaves the staff handles no case any more. A person who leaves, or is no longer an admin, is cut off from the topics of cases that they looked at.';
revoke execute on function private.tg_staff__renew_access() from public, anon, authenticated;

create trigger tg_staff__renew_access_delete
after delete on public.staff
for each row execute function private.tg_staff__renew_access();

create trigger tg_staff__renew_access_update
after update of role on public.staff
for each row when (old.role = 'admin' and new.role <> 'admin')
execute function private.tg_staff__renew_access();

create function private.forget_staff_visits() returns integer
language plpgsql volatile
-- Invoker: pg_cron calls it as its owner.
security invoker set search_path = ''
as $$
declare
  v_count integer;
begin
  -- A page that is open asks at least every hour, and a channel whose token was not renewed for a day is closed.
  delete from private.staff_visits as visit where visit.visited_at < pg_catalog.now() - interval '1 day';
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.forget_staff_visits() is 'Deletes visits of staff that are older than a day. Returns their number.';
revoke execute on function private.forget_staff_visits() from public, anon, authenticated, service_role;
