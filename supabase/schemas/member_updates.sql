-- Changes that pages read again: `realtime_update`, which says which table of which incident has changed.
--
--   tell_incident   on the incident's topic, to the pages that show the incident: at most one broadcast per incident and
--                   statement, and none where nobody but the job's user may listen
--   tell_lists      on `user:<uid>` of each member and of the staff who see the incident, where a list changes and no other message says so: a new job, which for
--                   most kinds has no message, a changed title, an erased incident

create function private.tell_incident(p_incident_id uuid, p_table text, p_user_id uuid, p_more jsonb default '{}')
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform private.broadcast(
    private.incident_topic(p_incident_id),
    pg_catalog.jsonb_build_object(
      'type', 'realtime_update',
      'table', p_table,
      'incidentId', p_incident_id,
      'userId', p_user_id,
      'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
    ) || p_more
  );
end;
$$;
comment on function private.tell_incident(uuid, text, uuid, jsonb) is
  'Broadcasts realtime_update to the members of an incident: rows of p_table have changed by a user, or for one.';
revoke execute on function private.tell_incident(uuid, text, uuid, jsonb) from public, anon, authenticated;

create function private.tell_lists(p_incident_ids uuid[], p_table text, p_staff_only boolean default false)
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_at constant text := private.iso_timestamp(pg_catalog.clock_timestamp());
  v_actor_id constant uuid := auth.uid();
begin
  perform private.broadcast(
    'user:' || reader.user_id,
    pg_catalog.jsonb_build_object(
      'type', 'realtime_update',
      'table', p_table,
      'incidentId', reader.incident_id,
      'userId', v_actor_id,
      'timestamp', v_at
    )
  )
  from (
    select follower.incident_id, follower.user_id
    from public.incident_followers as follower
    where follower.incident_id = any (p_incident_ids) and not p_staff_only
    union
    -- Admins see every incident, the other staff those without a handler.
    select incident.id, staff.user_id
    from public.incidents as incident
    join public.staff as staff on staff.role = 'admin' or incident.unassigned
    where incident.id = any (p_incident_ids)
  ) as reader;
end;
$$;
comment on function private.tell_lists(uuid[], text, boolean) is
  'Broadcasts realtime_update on the user''s own topic to each member of the incidents and to the staff who see them, or to those staff alone.';
revoke execute on function private.tell_lists(uuid[], text, boolean) from public, anon, authenticated;

create function private.tg_incidents__tell_lists() returns trigger
language plpgsql volatile
-- Definer: a role that may change incidents need not be able to broadcast.
security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform private.tell_lists(array[new.id], 'incidents');
    return null;
  end if;
  -- An incident that got a handler leaves the lists of the other staff.
  if tg_op = 'UPDATE' and new.unassigned <> old.unassigned then
    perform private.broadcast(
      'user:' || staff.user_id,
      pg_catalog.jsonb_build_object(
        'type', 'realtime_update',
        'table', 'incidents',
        'incidentId', old.id,
        'userId', auth.uid(),
        'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
      )
    )
    from public.staff as staff
    where staff.role <> 'admin';
  end if;
  perform private.tell_lists(array[old.id], 'incidents');
  return coalesce(new, old);
end;
$$;
comment on function private.tg_incidents__tell_lists() is 'Tells the lists of the owner of a new incident, and of all members of a changed or deleted one.';
revoke execute on function private.tg_incidents__tell_lists() from public, anon, authenticated;

-- After tg_incidents__follow, by its name: the owner is among the followers.
create trigger tg_incidents__tell_lists_insert
after insert on public.incidents
for each row execute function private.tg_incidents__tell_lists();

create trigger tg_incidents__tell_lists_update
after update on public.incidents
for each row
when (
  (old.user_id, old.title, old.description, old.occurred_on, old.state, old.unassigned)
  is distinct from (new.user_id, new.title, new.description, new.occurred_on, new.state, new.unassigned)
)
execute function private.tg_incidents__tell_lists();

-- Before the deletion, which takes the followers along.
create trigger tg_incidents__tell_lists_delete
before delete on public.incidents
for each row execute function private.tg_incidents__tell_lists();

create function private.tell_members_of_jobs(p_job_ids uuid[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform private.tell_incident(changed.incident_id, 'jobs', changed.user_id)
  from (
    select distinct on (job.incident_id) job.incident_id, job.user_id
    from public.jobs as job
    where job.id = any (p_job_ids)
      and (
        exists (
          select from public.incident_members as member
          where member.incident_id = job.incident_id and member.user_id <> job.user_id
        )
        or exists (select from private.staff_visits as visit where visit.incident_id = job.incident_id)
      )
    order by job.incident_id
  ) as changed;
end;
$$;
comment on function private.tell_members_of_jobs(uuid[]) is
  'Broadcasts realtime_update to the incidents of these jobs that others than the job''s user may listen to: members, and staff who look at them.';
revoke execute on function private.tell_members_of_jobs(uuid[]) from public, anon, authenticated;

-- Two functions, because only an update has a transition table of the rows before.
create function private.tg_jobs__tell_members_insert() returns trigger
language plpgsql volatile
-- Definer: a role that may insert jobs need not be able to broadcast.
security definer set search_path = ''
as $$
declare
  v_job_ids constant uuid[] := array(select job.id from new_jobs as job where job.incident_id is not null);
begin
  if v_job_ids <> '{}' then
    perform private.tell_members_of_jobs(v_job_ids);
    perform private.tell_lists(array(select distinct job.incident_id from new_jobs as job), 'jobs');
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__tell_members_insert() is 'Tells the members of an incident of new jobs.';
revoke execute on function private.tg_jobs__tell_members_insert() from public, anon, authenticated;

create trigger tg_jobs__tell_members_insert
after insert on public.jobs referencing new table as new_jobs
for each statement execute function private.tg_jobs__tell_members_insert();

create function private.tg_jobs__tell_members_update() returns trigger
language plpgsql volatile
-- Definer: a role that may update jobs need not be able to broadcast.
security definer set search_path = ''
-- As tg_jobs__notify_update.
set enable_nestloop = off
as $$
declare
  v_job_ids uuid[];
begin
  -- A heartbeat that only prolongs the lease does not change the revision, so members have nothing new to read.
  select pg_catalog.array_agg(job.id) into v_job_ids
  from new_jobs as job join old_jobs as before on before.id = job.id
  where job.incident_id is not null and job.revision <> before.revision;
  if v_job_ids is not null then
    perform private.tell_members_of_jobs(v_job_ids);
  end if;
  -- Members hear of each job by a message of its own. The staff who see the incident hear that its jobs have changed.
  if exists (select from public.staff as staff) then
    perform private.tell_lists(
      array(
        select distinct job.incident_id
        from new_jobs as job
        join old_jobs as before on before.id = job.id
        where job.incident_id is not null and job.status <> before.status
      ),
      'jobs', true
    );
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__tell_members_update() is
  'Tells the other members of an incident of jobs with a new revision.';
revoke execute on function private.tg_jobs__tell_members_update() from public, anon, authenticated;

create trigger tg_jobs__tell_members_update
after update on public.jobs referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__tell_members_update();
