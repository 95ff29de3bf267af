-- Followers: who is told of an incident, and how. Every member has a row. The row's reasons say why the member follows the
-- incident; a member without a reason has the lists and pages kept current and gets no notification.
--
--   incidents.user_id                 owner       ┐
--   incident_members, role handler    assigned    │
--   a note names the member           mentioned   ├─ reasons ──▶ private.publish (publishing.sql)
--   follow_incident                   following   ┘
--
-- Only members have a row: a removed member's row goes in the transaction of the removal, so nothing is sent after that.

create table public.incident_followers (
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  reasons text[] not null default '{}',
  muted boolean not null default false,
  since timestamptz not null default now(),
  reason text generated always as (
    case
      when 'owner' = any (reasons) then 'owner'
      when 'assigned' = any (reasons) then 'assigned'
      when 'mentioned' = any (reasons) then 'mentioned'
      when 'following' = any (reasons) then 'following'
    end
  ) stored,
  primary key (incident_id, user_id),
  constraint incident_followers_reasons_are_known check (
    reasons <@ array['owner', 'assigned', 'mentioned', 'following']
  )
);
comment on table public.incident_followers is 'Members of incidents, and why each is told of the incident.';
comment on column public.incident_followers.reasons is
  'Why the member follows the incident: owner, assigned, mentioned, following. Empty: the member does not follow it.';
comment on column public.incident_followers.muted is
  'True: the member gets no notification about the incident but those that name the member.';
comment on column public.incident_followers.since is 'When the member was added.';
comment on column public.incident_followers.reason is 'The strongest of the reasons. Null without one.';
create index incident_followers_user_id_idx on public.incident_followers (user_id, incident_id);
alter table public.incident_followers enable row level security;
create policy "Members can read how they follow their incidents"
on public.incident_followers for select to authenticated
using (user_id = (select auth.uid()));
revoke all on table public.incident_followers from public, anon, authenticated, service_role;
grant select on table public.incident_followers to authenticated, service_role;

create function private.add_reason(p_incident_id uuid, p_user_ids uuid[], p_reason text) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  -- In the order of the users, so two transactions cannot wait for each other in a circle.
  insert into public.incident_followers as follower (incident_id, user_id, reasons)
  select p_incident_id, listed.user_id, case when p_reason is null then '{}' else array[p_reason] end
  from (select distinct item from unnest(p_user_ids) as item) as listed (user_id)
  order by listed.user_id
  on conflict (incident_id, user_id) do update
  set reasons = follower.reasons || excluded.reasons
  where not follower.reasons @> excluded.reasons;
end;
$$;
comment on function private.add_reason(uuid, uuid[], text) is
  'Gives members of an incident a reason to follow it. Null: only the rows that keep their lists current.';
revoke execute on function private.add_reason(uuid, uuid[], text) from public, anon, authenticated;

create function private.drop_reasons(p_incident_id uuid, p_user_id uuid, p_reasons text[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  update public.incident_followers as follower
  set reasons = array(select kept from unnest(follower.reasons) as kept where kept <> all (p_reasons))
  where follower.incident_id = p_incident_id
    and follower.user_id = p_user_id
    and follower.reasons && p_reasons;
end;
$$;
comment on function private.drop_reasons(uuid, uuid, text[]) is 'Takes reasons from a member.';
revoke execute on function private.drop_reasons(uuid, uuid, text[]) from public, anon, authenticated;

create function private.role_reason(p_role text) returns text
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  return case p_role when 'owner' then 'owner' when 'handler' then 'assigned' end;
end;
$$;
comment on function private.role_reason(text) is 'The reason to follow that a role gives. Null: none.';
revoke execute on function private.role_reason(text) from public, anon, authenticated;

create function private.tg_incidents__follow() returns trigger
language plpgsql volatile
-- Definer: a role that may write incidents need not be able to write followers.
security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' then
    if new.user_id = old.user_id then
      return null;
    end if;
    perform private.drop_reasons(new.id, old.user_id, '{owner}');
    delete from public.incident_followers as follower
    where follower.incident_id = new.id
      and follower.user_id = old.user_id
      and not exists (
        select from public.incident_members as member
        where member.incident_id = new.id and member.user_id = old.user_id
      );
  end if;
  perform private.add_reason(new.id, array[new.user_id], 'owner');
  return null;
end;
$$;
comment on function private.tg_incidents__follow() is 'The owner of an incident follows it.';
revoke execute on function private.tg_incidents__follow() from public, anon, authenticated;

create trigger tg_incidents__follow
after insert or update of user_id on public.incidents
for each row execute function private.tg_incidents__follow();

create function private.tg_incident_members__follow() returns trigger
language plpgsql volatile
-- Definer: a role that may write members need not be able to write followers.
security definer set search_path = ''
as $$
begin
  if tg_op in ('INSERT', 'UPDATE') then
    if tg_op = 'UPDATE' then
      perform private.drop_reasons(old.incident_id, old.user_id, array[private.role_reason(old.role)]);
    end if;
    perform private.add_reason(
      new.incident_id, array[new.user_id], private.role_reason(new.role)
    );
    return null;
  end if;
  -- The owner stays a member without a row of incident_members.
  if exists (
    select from public.incidents as incident
    where incident.id = old.incident_id and incident.user_id = old.user_id
  ) then
    perform private.drop_reasons(old.incident_id, old.user_id, '{assigned}');
  else
    delete from public.incident_followers as follower
    where follower.incident_id = old.incident_id and follower.user_id = old.user_id;
  end if;
  return null;
end;
$$;
comment on function private.tg_incident_members__follow() is
  'A new member has a row, handlers and owners follow, and a removed member''s row goes.';
revoke execute on function private.tg_incident_members__follow() from public, anon, authenticated;

create trigger tg_incident_members__follow
after insert or update of role or delete on public.incident_members
for each row execute function private.tg_incident_members__follow();

create function private.lock_heads_of_incident(p_incident_id uuid, p_more uuid[] default '{}') returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  -- One upsert whose rows come in the order of the users' ids locks the heads in that order, as publish_many does.
  insert into private.notification_heads as head (user_id)
  select person.id
  from auth.users as person
  where person.id = any (p_more)
    or person.id in (
      select follower.user_id from public.incident_followers as follower where follower.incident_id = p_incident_id
    )
  order by person.id
  on conflict (user_id) do update set seq = head.seq;
end;
$$;
comment on function private.lock_heads_of_incident(uuid, uuid[]) is
  'Locks the heads of an incident''s members, and of further users, in the order of their ids. For functions that change the row of the incident or its members before they publish: the order of locks is jobs, heads, incidents, kinds.';
revoke execute on function private.lock_heads_of_incident(uuid, uuid[]) from public, anon, authenticated;

create function private.check_follower(p_incident_id uuid) returns uuid
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can follow incidents.';
  end if;
  if not private.is_incident_member(p_incident_id) then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;
  -- The staff see an incident only while it has no handler, and would go on hearing of it.
  if private.incident_role(p_incident_id) in ('staff', 'admin') then
    raise exception 'role_forbidden' using
      errcode = 'PT403', detail = 'Members follow an incident. Take it, or have yourself added.';
  end if;
  return auth.uid();
end;
$$;
comment on function private.check_follower(uuid) is
  'The caller''s id, where the caller is a member of the incident. Errors: not_signed_in, incident_not_found, role_forbidden.';
revoke execute on function private.check_follower(uuid) from public, anon, authenticated;

create function public.follow_incident(p_incident_id uuid) returns public.incident_followers
language plpgsql volatile
-- Definer: people write no table. The function writes the caller's own row.
security definer set search_path = ''
as $$
declare
  v_user_id uuid;
  v_follower public.incident_followers;
begin
  perform private.count_call('follow_incident');
  v_user_id := private.check_follower(p_incident_id);
  perform private.add_reason(p_incident_id, array[v_user_id], 'following');
  update public.incident_followers as follower
  set muted = false
  where follower.incident_id = p_incident_id and follower.user_id = v_user_id
  returning follower.* into strict v_follower;
  return v_follower;
end;
$$;
comment on function public.follow_incident(uuid) is
  'The caller, a member of the incident, follows it and hears of it again where it was muted. Returns the caller''s row. Errors: rate_limited, not_signed_in, incident_not_found, role_forbidden.';
revoke execute on function public.follow_incident(uuid) from public, anon, authenticated, service_role;
grant execute on function public.follow_incident(uuid) to authenticated;

create function public.unfollow_incident(p_incident_id uuid) returns public.incident_followers
language plpgsql volatile
-- Definer: as follow_incident.
security definer set search_path = ''
as $$
declare
  v_user_id uuid;
  v_follower public.incident_followers;
begin
  perform private.count_call('unfollow_incident');
  v_user_id := private.check_follower(p_incident_id);
  perform private.add_reason(p_incident_id, array[v_user_id], null);
  perform private.drop_reasons(p_incident_id, v_user_id, '{following,mentioned}');
  select follower.* into strict v_follower
  from public.incident_followers as follower
  where follower.incident_id = p_incident_id and follower.user_id = v_user_id;
  return v_follower;
end;
$$;
comment on function public.unfollow_incident(uuid) is
  'The caller no longer follows the incident by choice or because of a mention. Owners and handlers still follow it by their role, and can mute it. Returns the caller''s row. Errors: rate_limited, not_signed_in, incident_not_found, role_forbidden.';
revoke execute on function public.unfollow_incident(uuid) from public, anon, authenticated, service_role;
grant execute on function public.unfollow_incident(uuid) to authenticated;

create function public.mute_incident(p_incident_id uuid, p_muted boolean default true)
returns public.incident_followers
language plpgsql volatile
-- Definer: as follow_incident.
security definer set search_path = ''
as $$
declare
  v_user_id uuid;
  v_follower public.incident_followers;
begin
  perform private.count_call('mute_incident');
  v_user_id := private.check_follower(p_incident_id);
  perform private.add_reason(p_incident_id, array[v_user_id], null);
  update public.incident_followers as follower
  set muted = coalesce(p_muted, true)
  where follower.incident_id = p_incident_id and follower.user_id = v_user_id
  returning follower.* into strict v_follower;
  return v_follower;
end;
$$;
comment on function public.mute_incident(uuid, boolean) is
  'The caller gets no notification about the incident but those that name the caller; false ends that. Returns the caller''s row. Errors: rate_limited, not_signed_in, incident_not_found, role_forbidden.';
revoke execute on function public.mute_incident(uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function public.mute_incident(uuid, boolean) to authenticated;
