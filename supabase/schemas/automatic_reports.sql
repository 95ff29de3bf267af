-- Automatic reports: when the photos and transcripts of an incident have all ended, well or not, its report is queued
-- in the transaction of the last one.
--
--   update of jobs                                  one or many end
--     └▶ tg_jobs__queue_reports                     once per statement, over its transition tables
--          └▶ private.queue_automatic_reports       locks the incidents, looks again, queues
--
-- Exactly once per outcome: `settled_key` is made of the documents and of how the work on each ended. Documents that
-- arrive later, or a retry that ends otherwise, make another key and so another report; a retry that fails again
-- does not.
--
-- Neither missed nor doubled: of two transactions that end the last two jobs at the same moment, each sees the other's
-- job as unfinished. So whoever ends a job locks the incident first and looks then, in a new snapshot: the second one
-- waits for the first and sees all of it. The unique index is there in case anybody writes reports past this function.
-- (As everywhere here, with READ COMMITTED, which is how the API works.)
--
-- Order of locks: jobs, heads of notifications (tg_jobs__notify_update fires before, by its name), incidents by id.
-- A report's job tells nobody of being queued, so no head is taken after an incident, and nothing deadlocks.

create function private.queue_automatic_reports(p_incident_ids uuid[])
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
-- Its caller switches them off.
set enable_nestloop = on
as $$
declare
  v_incident_ids uuid[];
  v_count integer;
begin
  -- An incident that is being deleted needs no report. Its deletion waits for the job that we have changed, so we
  -- must not wait for it.
  select pg_catalog.array_agg(living.id)
  into v_incident_ids
  from (
    select incident.id
    from public.incidents as incident
    where incident.id = any (p_incident_ids)
    order by incident.id
    for key share skip locked
  ) as living;

  perform from public.incidents as incident
  where incident.id = any (v_incident_ids)
  order by incident.id
  for no key update;

  with settled as materialized (
    select incident.id as incident_id, incident.user_id, outcome.settled_key
    from public.incidents as incident
    cross join lateral (
      select pg_catalog.encode(
        pg_catalog.sha256(
          pg_catalog.convert_to(
            pg_catalog.string_agg(
              document.id || ' ' || coalesce(job.status::text, 'none'), ',' order by document.id
            ),
            'utf8'
          )
        ),
        'hex'
      ) as settled_key
      from public.documents as document
      left join public.jobs as job on job.id = document.job_id
      where document.incident_id = incident.id
    ) as outcome
    where incident.id = any (v_incident_ids)
      and outcome.settled_key is not null
      and not exists (
        select from public.jobs as unfinished
        where unfinished.incident_id = incident.id
          and unfinished.status in ('queued', 'processing')
          and unfinished.kind in ('image', 'transcription')
      )
  ),
  report as (
    insert into public.reports (incident_id, user_id, job_id, origin, settled_key)
    select settled.incident_id, settled.user_id, pg_catalog.gen_random_uuid(), 'automatic', settled.settled_key
    from settled
    order by settled.incident_id
    on conflict (incident_id, settled_key) do nothing
    returning id, incident_id, user_id, job_id
  )
  insert into public.jobs (id, kind, user_id, incident_id, subject_id)
  select report.job_id, 'pdf', report.user_id, report.incident_id, report.id
  from report;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.queue_automatic_reports(uuid[]) is
  'Queues the report of each of the incidents whose photos and transcripts have all ended, once per outcome. Locks the incidents. Returns how many were queued.';
revoke execute on function private.queue_automatic_reports(uuid[]) from public, anon, authenticated;

create function private.tg_jobs__queue_reports()
returns trigger
language plpgsql
volatile
-- Definer: whoever may end a job need not be able to start a report.
security definer
set search_path = ''
-- As in tg_jobs__notify_update: never pair the transition tables row by row.
set enable_nestloop = off
as $$
declare
  v_incident_ids uuid[];
begin
  select pg_catalog.array_agg(distinct job.incident_id)
  into v_incident_ids
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  where job.status in ('completed', 'failed')
    and before.status not in ('completed', 'failed')
    and job.kind in ('image', 'transcription')
    and job.incident_id is not null;

  if v_incident_ids is not null then
    perform private.queue_automatic_reports(v_incident_ids);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__queue_reports() is
  'Queues the reports of incidents whose last photo or transcript has ended.';
revoke execute on function private.tg_jobs__queue_reports() from public, anon, authenticated;

create trigger tg_jobs__queue_reports
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__queue_reports();
