-- Automatic reports: when the jobs of all photos and voice notes of an incident have ended, completed or failed, a report is
-- queued in the transaction of the last one.
--
--   update of jobs                                  one or many end
--     └▶ tg_jobs__queue_reports                     once per statement, over its transition tables
--          └▶ private.queue_automatic_reports       locks the incidents, looks at their jobs, queues
--
-- Once per outcome: `settled_key` is a hash of the documents and of how the job of each ended. A document that arrives later,
-- or a retry that ends otherwise, gives another key and so another report. A retry that fails again does not.
--
-- Not missed: of two transactions that end the last two jobs at the same moment, each sees the other's job as unfinished.
-- So the function locks the incident first and looks at the jobs after that, in a new snapshot: the second transaction
-- waits for the first and sees all jobs ended. This relies on READ COMMITTED, which the API uses. Not doubled: the index on
-- settled_key is unique.
--
-- Order of locks: jobs, heads (tg_jobs__notify_update fires earlier, by its name), incidents by id. A queued report has no
-- message, so no head is locked after an incident, and nothing deadlocks.

create function private.queue_automatic_reports(p_incident_ids uuid[]) returns integer
language plpgsql volatile security invoker set search_path = ''
-- The trigger that calls it switches nested loops off.
set enable_nestloop = on
as $$
declare
  v_incident_ids uuid[];
  v_count integer;
begin
  -- An incident that is being deleted needs no report. Its deletion waits for the row of the job that this transaction has
  -- changed, so this transaction must not wait for the deletion.
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
  'Queues the report of each of the incidents whose photos and voice notes have all ended, once per outcome. Locks the incidents. Returns the number of queued reports.';
revoke execute on function private.queue_automatic_reports(uuid[]) from public, anon, authenticated;

create function private.tg_jobs__queue_reports() returns trigger
language plpgsql volatile
-- Definer: a role that may end jobs need not be able to write reports.
security definer set search_path = ''
-- As tg_jobs__notify_update.
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
  'Queues the reports of incidents whose last photo or voice note has ended.';
revoke execute on function private.tg_jobs__queue_reports() from public, anon, authenticated;

create trigger tg_jobs__queue_reports
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__queue_reports();
