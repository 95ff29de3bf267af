-- A report on request. The incident's row is locked while it is decided whether there is one in the works already,
-- so that of many requests at once one starts a report and the others are given the same.

create function public.request_report(p_incident_id uuid, p_language text default 'en')
returns public.reports
language plpgsql
volatile
-- Definer: people may write neither reports nor jobs; this checks who they are itself.
security definer
set search_path = ''
as $$
declare
  v_owner_id uuid;
  v_job_id constant uuid := pg_catalog.gen_random_uuid();
  v_report public.reports;
begin
  if p_language is null or p_language !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$' or pg_catalog.length(p_language) > 35 then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'p_language is a BCP 47 tag, e.g. en or pt-BR.';
  end if;

  -- The role that the API has switched to; current_user is the definer here. service_role sees every incident.
  if coalesce(pg_catalog.current_setting('role', true), 'none') in ('anon', 'authenticated')
     and not private.is_incident_member(p_incident_id)
  then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;
  select incident.user_id into v_owner_id
  from public.incidents as incident
  where incident.id = p_incident_id
  for no key update;
  if not found then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;

  select report.* into v_report
  from public.reports as report
  join public.jobs as job on job.id = report.job_id
  where report.incident_id = p_incident_id and job.status in ('queued', 'processing')
  order by report.created_at desc, report.id
  limit 1;
  if found then
    return v_report;
  end if;

  with report as (
    insert into public.reports (incident_id, user_id, job_id, origin, requested_by, language)
    values (
      p_incident_id, v_owner_id, v_job_id, 'requested',
      (select requester.id from auth.users as requester where requester.id = (select auth.uid())),
      p_language
    )
    returning reports.*
  ),
  job as (
    insert into public.jobs (id, kind, user_id, incident_id, subject_id)
    select report.job_id, 'pdf', report.user_id, report.incident_id, report.id
    from report
  )
  select report.* into strict v_report from report;
  return v_report;
end;
$$;
comment on function public.request_report(uuid, text) is
  'Starts a PDF report of an incident, for its members and service_role. A report that is queued or under way is returned instead of a second one, whatever its language. Errors: invalid_arguments, incident_not_found.';
revoke execute on function public.request_report(uuid, text) from public, anon, authenticated;
grant execute on function public.request_report(uuid, text) to authenticated, service_role;
