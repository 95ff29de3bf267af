-- Reports: PDF documents about an incident. A member asks for one by request_report; automatic_reports.sql queues one when
-- all photos and transcripts of the incident have ended.

create table public.reports (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  job_id uuid references public.jobs (id) on delete set null,
  origin text not null,
  settled_key text,
  requested_by uuid references auth.users (id) on delete set null,
  language text not null default 'en',
  path text,
  file_name text,
  file_size bigint,
  page_count integer,
  sha256 text,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint reports_origin_is_known check (origin in ('requested', 'automatic')),
  constraint reports_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint reports_file_size_is_not_negative check (file_size >= 0),
  constraint reports_page_count_is_positive check (page_count > 0),
  constraint reports_sha256_is_hex check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table public.reports is 'A PDF report of an incident.';
comment on column public.reports.user_id is 'The owner of the incident when the report was queued. Gets the messages of the job.';
comment on column public.reports.job_id is 'The job that makes the report, so that its status is one embed away.';
comment on column public.reports.origin is 'requested: a member or service asked for it. automatic: the photos and transcripts of the incident had ended.';
comment on column public.reports.settled_key is
  'Of automatic reports: SHA-256 over the documents and how the job of each had ended. Unique, so one outcome gives one report.';
comment on column public.reports.requested_by is 'The user who asked for it. Null for automatic reports.';
comment on column public.reports.language is 'BCP 47 tag of the language that the report is written in.';
comment on column public.reports.path is 'Object name in the bucket reports. Null until the file exists.';
comment on column public.reports.file_name is 'Name for the download.';
comment on column public.reports.file_size is 'Size of the file in bytes.';
comment on column public.reports.sha256 is 'SHA-256 of the file, lower case hex.';
comment on column public.reports.completed_at is 'When the file was stored.';
create index reports_incident_id_idx on public.reports (incident_id, created_at);
create unique index reports_settled_key_idx on public.reports (incident_id, settled_key);
create index reports_user_id_idx on public.reports (user_id);
create index reports_job_id_idx on public.reports (job_id);
create index reports_requested_by_idx on public.reports (requested_by);
alter table public.reports enable row level security;
create policy "Members can read the reports of their incidents"
on public.reports for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.reports from public, anon, authenticated, service_role;
grant select on table public.reports to authenticated;
grant select, insert, update, delete on table public.reports to service_role;

create function public.request_report(p_incident_id uuid, p_language text default 'en') returns public.reports
language plpgsql volatile
-- Definer: people may write neither reports nor jobs. The function checks that the caller is a member.
security definer set search_path = ''
as $$
declare
  v_owner_id uuid;
  v_job_id constant uuid := pg_catalog.gen_random_uuid();
  v_report public.reports;
begin
  perform private.check_size('p_language', pg_catalog.octet_length(p_language), 256);
  perform private.count_call('request_report');
  if p_language is null or p_language !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$' or pg_catalog.length(p_language) > 35 then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'p_language is a BCP 47 tag, e.g. en or pt-BR.';
  end if;

  if private.is_person() then
    if not private.is_incident_member(p_incident_id) then
      raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
    end if;
    perform private.refuse_viewer(p_incident_id);
  end if;
  -- Of several requests at once, one starts a report. The others wait for this lock and then find that report.
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
  'Starts a PDF report of an incident, for its members and service_role. Returns the report that is queued or processing instead of starting a second one, whatever its language. Errors: rate_limited, invalid_arguments, incident_not_found, role_forbidden.';
revoke execute on function public.request_report(uuid, text) from public, anon, authenticated;
grant execute on function public.request_report(uuid, text) to authenticated, service_role;
