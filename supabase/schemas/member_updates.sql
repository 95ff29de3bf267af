-- A job's messages go to one user. The other members of its incident learn from this that there is something new to
-- read, while it happens: at most one broadcast per incident and statement, and none where nobody else is a member.

create function private.tell_members_of_jobs(p_job_ids uuid[])
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.broadcast(
    'incident:' || changed.incident_id,
    pg_catalog.jsonb_build_object(
      'type', 'realtime_update',
      'table', 'jobs',
      'incidentId', changed.incident_id,
      'userId', changed.user_id,
      'timestamp', private.iso_timestamp(pg_catalog.clock_timestamp())
    )
  )
  from (
    select distinct on (job.incident_id) job.incident_id, job.user_id
    from public.jobs as job
    where job.id = any (p_job_ids)
      and exists (
        select from public.incident_members as member
        where member.incident_id = job.incident_id and member.user_id <> job.user_id
      )
    order by job.incident_id
  ) as changed;
$$;
comment on function private.tell_members_of_jobs(uuid[]) is
  'Tells the members of the incidents of these jobs, where there are others than the job''s own user.';
revoke execute on function private.tell_members_of_jobs(uuid[]) from public, anon, authenticated;

create function private.tg_jobs__tell_members()
returns trigger
language plpgsql
volatile
-- Definer: whoever may change a job need not be able to broadcast.
security definer
set search_path = ''
as $$
declare
  v_job_ids uuid[];
begin
  select pg_catalog.array_agg(job.id) into v_job_ids from new_jobs as job where job.incident_id is not null;
  if v_job_ids is not null then
    perform private.tell_members_of_jobs(v_job_ids);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__tell_members() is 'Tells the other members of an incident of new and changed jobs.';
revoke execute on function private.tg_jobs__tell_members() from public, anon, authenticated;

create trigger tg_jobs__tell_members_insert
after insert on public.jobs
referencing new table as new_jobs
for each statement execute function private.tg_jobs__tell_members();

create function private.tg_jobs__tell_members_of_changes()
returns trigger
language plpgsql
volatile
-- Definer: whoever may change a job need not be able to broadcast.
security definer
set search_path = ''
-- As in tg_jobs__notify_update: never pair the transition tables row by row.
set enable_nestloop = off
as $$
declare
  v_job_ids uuid[];
begin
  select pg_catalog.array_agg(job.id)
  into v_job_ids
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  where job.incident_id is not null and job.revision <> before.revision;
  if v_job_ids is not null then
    perform private.tell_members_of_jobs(v_job_ids);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__tell_members_of_changes() is
  'Tells the other members of an incident of jobs with a new revision.';
revoke execute on function private.tg_jobs__tell_members_of_changes() from public, anon, authenticated;

create trigger tg_jobs__tell_members_update
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__tell_members_of_changes();
