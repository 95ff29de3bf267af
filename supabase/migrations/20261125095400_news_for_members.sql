-- The other members are told of jobs that have changed for those who watch. A heartbeat, which only prolongs a lease,
-- had all of them read the incident anew.

drop trigger tg_jobs__tell_members_update on public.jobs;

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
