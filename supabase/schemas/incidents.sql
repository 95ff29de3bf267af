-- Incidents (reported crashes) and their members. Members see everything that belongs to an incident.
-- `private.member_incident_ids()` is the one place that decides who is a member: the owner, and the rows of
-- `incident_members`.

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
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
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
create index incidents_user_id_idx on public.incidents (user_id, created_at desc);

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
  constraint incident_members_role_is_known check (role in ('owner', 'handler'))
);
comment on table public.incident_members is 'Users who may see an incident and everything that belongs to it.';
comment on column public.incident_members.role is 'owner: the reporter. handler: works on the case.';
create index incident_members_user_id_idx on public.incident_members (user_id, incident_id);

create function private.member_incident_ids() returns setof uuid
language sql stable
-- Definer: the policies of incidents and incident_members call it. Reading these tables under their own policies would
-- recurse without end.
security definer set search_path = ''
as $$
  select incident_id from public.incident_members where user_id = (select auth.uid())
  union
  select id from public.incidents where user_id = (select auth.uid());
$$;
comment on function private.member_incident_ids() is
  'Incidents that the caller owns or is a member of. Policies write "in (select ...)", which evaluates it once per query.';
revoke execute on function private.member_incident_ids() from public, anon, authenticated;
grant execute on function private.member_incident_ids() to authenticated, service_role;

create function private.is_incident_member(p_incident_id uuid) returns boolean
language sql stable
-- Definer: as member_incident_ids.
security definer set search_path = ''
as $$
  select exists (
    select from public.incident_members
    where incident_id = p_incident_id and user_id = (select auth.uid())
  ) or exists (
    select from public.incidents
    where id = p_incident_id and user_id = (select auth.uid())
  );
$$;
comment on function private.is_incident_member(uuid) is
  'Whether the caller owns the incident or is a member of it. False for null and for unknown incidents.';
revoke execute on function private.is_incident_member(uuid) from public, anon, authenticated;
grant execute on function private.is_incident_member(uuid) to authenticated, service_role;

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
using (id in (select private.member_incident_ids()));
revoke all on table public.incidents from public, anon, authenticated, service_role;
grant select on table public.incidents to authenticated;
-- Incidents go by erase_incident alone.
grant select, insert, update on table public.incidents to service_role;

alter table public.incident_members enable row level security;
create policy "Members can read who else is a member"
on public.incident_members for select to authenticated
using (incident_id in (select private.member_incident_ids()));
revoke all on table public.incident_members from public, anon, authenticated, service_role;
grant select on table public.incident_members to authenticated;
grant select, insert, update, delete on table public.incident_members to service_role;
