-- Incidents (reported crashes) and their members. Who sees an incident sees everything that belongs to it:
--
--   owner     reported the crash                              incidents.user_id
--   handler   works on the case, for the firm                 incident_members
--   viewer    reads, and changes nothing                      incident_members
--   staff     see the incidents that have no handler          staff, incidents.unassigned
--   admins    see every incident                              staff
--
-- `private.member_incident_ids()` and `private.is_admin()` are all that policies ask; `private.incident_role()` says what
-- a caller may do with one incident. members.sql has the functions that change the members.

create table public.incidents (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  title text not null,
  description text,
  occurred_on date,
  reporter_email text,
  source text not null,
  source_token text unique,
  answers jsonb not null default '[]'::jsonb,
  state text not null default 'new',
  state_by uuid references auth.users (id) on delete set null,
  state_at timestamptz,
  unassigned boolean not null default true,
  access_epoch integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint incidents_state_is_known check (state in ('new', 'in_progress', 'waiting_for_claimant', 'done')),
  constraint incidents_title_is_short check (char_length(title) between 1 and 200),
  constraint incidents_answers_are_a_list check (jsonb_typeof(answers) = 'array')
);
comment on table public.incidents is 'A reported car crash.';
comment on column public.incidents.user_id is
  'The owner: reported the crash, and gets the messages of its jobs. Of a waiting claim: the account that holds it.';
comment on column public.incidents.occurred_on is 'Day of the crash, as the reporter gave it or a member corrected it.';
comment on column public.incidents.source is 'Where the report came from, such as typeform.';
comment on column public.incidents.source_token is
  'Id of the report at its source. Unique, so a report that is delivered twice makes one incident.';
comment on column public.incidents.answers is
  'All answers of the form in its order: [{"ref", "question", "type", "value"}].';
comment on column public.incidents.state is
  'Where the case stands, as the firm says: new, in_progress, waiting_for_claimant, done. See set_incident_state.';
comment on column public.incidents.state_by is 'Who set the state. Null: nobody has yet, or the account was deleted.';
comment on column public.incidents.unassigned is
  'Whether no member is a handler. Kept by a trigger of incident_members, so that finding these incidents needs no join.';
comment on column public.incidents.access_epoch is
  'Part of the name of the incident''s topic. Rises when a user loses access, see incident_topics.sql.';
create index incidents_user_id_idx on public.incidents (user_id, created_at desc);
create index incidents_state_by_idx on public.incidents (state_by);
create index incidents_unassigned_idx on public.incidents (id) where unassigned;

create function private.tg_incidents__set_updated_at() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  new.updated_at := pg_catalog.now();
  return new;
end;
$$;
comment on function private.tg_incidents__set_updated_at() is 'Sets updated_at of a changed row.';
revoke execute on function private.tg_incidents__set_updated_at() from public, anon, authenticated;

create trigger tg_incidents__set_updated_at
before update on public.incidents
for each row execute function private.tg_incidents__set_updated_at();

create table public.incident_members (
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  primary key (incident_id, user_id),
  constraint incident_members_role_is_known check (role in ('owner', 'handler', 'viewer'))
);
comment on table public.incident_members is 'Users who may see an incident and everything that belongs to it.';
comment on column public.incident_members.role is 'owner: the reporter. handler: works on the case. viewer: reads, and changes nothing.';
create index incident_members_user_id_idx on public.incident_members (user_id, incident_id);

create function private.member_incident_ids() returns setof uuid
language plpgsql stable
-- Definer: the policies of incidents and incident_members call it. Reading these tables under their own policies would
-- recurse without end.
security definer set search_path = ''
as $$
begin
  return query
    select member.incident_id from public.incident_members as member where member.user_id = (select auth.uid())
    union
    select incident.id from public.incidents as incident where incident.user_id = (select auth.uid())
    union
    -- Without a person of the staff, this part reads nothing.
    select incident.id
    from public.incidents as incident
    where incident.unassigned and (select private.staff_role()) is not null;
end;
$$;
comment on function private.member_incident_ids() is
  'Incidents that the caller owns or is a member of and, for staff, those without a handler. Policies write "in (select ...)", which evaluates it once per query, after private.is_admin(), for whom the list would be that of all incidents.';
revoke execute on function private.member_incident_ids() from public, anon, authenticated;
grant execute on function private.member_incident_ids() to authenticated, service_role;

create function private.incident_role(p_incident_id uuid) returns text
language plpgsql stable
-- Definer: as member_incident_ids.
security definer set search_path = ''
as $$
begin
  return (
    select case
      when incident.user_id = (select auth.uid()) then 'owner'
      when member.role <> 'viewer' then member.role
      when staff.role = 'admin' then 'admin'
      when staff.role is not null and incident.unassigned then 'staff'
      else member.role
    end
    from public.incidents as incident
    left join public.incident_members as member
      on member.incident_id = incident.id and member.user_id = (select auth.uid())
    left join public.staff as staff on staff.user_id = (select auth.uid())
    where incident.id = p_incident_id
  );
end;
$$;
comment on function private.incident_role(uuid) is
  'What the caller is to an incident: owner, handler, admin (who is not a member), staff (the incident has no handler), viewer. Null for everybody else, for null and for unknown incidents.';
revoke execute on function private.incident_role(uuid) from public, anon, authenticated;
grant execute on function private.incident_role(uuid) to authenticated, service_role;

create function private.is_incident_member(p_incident_id uuid) returns boolean
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return private.incident_role(p_incident_id) is not null;
end;
$$;
comment on function private.is_incident_member(uuid) is
  'Whether the caller sees the incident, as its owner, as a member, or as staff. False for null and for unknown incidents.';
revoke execute on function private.is_incident_member(uuid) from public, anon, authenticated;
grant execute on function private.is_incident_member(uuid) to authenticated, service_role;

create function private.refuse_viewer(p_incident_id uuid) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if private.incident_role(p_incident_id) = 'viewer' then
    raise exception 'role_forbidden' using
      errcode = 'PT403', detail = 'A viewer reads the case and changes nothing.';
  end if;
end;
$$;
comment on function private.refuse_viewer(uuid) is 'Refuses a caller who may only read the incident. Errors: role_forbidden.';
revoke execute on function private.refuse_viewer(uuid) from public, anon, authenticated;

create function private.is_person() returns boolean
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce(pg_catalog.current_setting('role', true), 'none') in ('anon', 'authenticated');
end;
$$;
comment on function private.is_person() is
  'Whether the API acts for a person: as anon or authenticated. In a definer function, where current_user is the owner, the setting role still has the role of the caller.';
revoke execute on function private.is_person() from public, anon, authenticated;

alter table public.incidents enable row level security;
create policy "Members can read their incidents"
on public.incidents for select to authenticated
using ((select private.is_admin()) or id in (select private.member_incident_ids()));
revoke all on table public.incidents from public, anon, authenticated, service_role;
grant select on table public.incidents to authenticated;
-- Incidents go by erase_incident alone.
grant select, insert, update on table public.incidents to service_role;

alter table public.incident_members enable row level security;
create policy "Members can read who else is a member"
on public.incident_members for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.incident_members from public, anon, authenticated, service_role;
grant select on table public.incident_members to authenticated;
grant select, insert, update, delete on table public.incident_members to service_role;
