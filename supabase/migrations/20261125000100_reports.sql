-- Reports: the PDF documents made of an incident. A report is made on request, or by itself when everything that
-- belongs into it has ended.

create table public.reports (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  job_id uuid references public.jobs (id) on delete set null,
  origin text not null,
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
comment on column public.reports.user_id is 'The owner of the incident when the report was asked for; told of its progress.';
comment on column public.reports.job_id is 'The job that makes the report, for its live status.';
comment on column public.reports.origin is 'requested: somebody asked for it; automatic: photos and transcripts had all ended.';
comment on column public.reports.requested_by is 'Who asked for it; null for automatic ones.';
comment on column public.reports.language is 'BCP 47 tag of the document.';
comment on column public.reports.path is 'Object name in the bucket reports; null until it exists.';
comment on column public.reports.file_name is 'Name for the download.';
comment on column public.reports.file_size is 'Bytes.';
comment on column public.reports.sha256 is 'SHA-256 of the file, lower case hex.';
comment on column public.reports.completed_at is 'When the file was stored.';
create index reports_incident_id_idx on public.reports (incident_id, created_at);
create index reports_user_id_idx on public.reports (user_id);
create index reports_job_id_idx on public.reports (job_id);
create index reports_requested_by_idx on public.reports (requested_by);

alter table public.reports enable row level security;
create policy "Members can read the reports of their incidents"
on public.reports for select to authenticated
using (incident_id in (select private.member_incident_ids()));
revoke all on table public.reports from public, anon, authenticated, service_role;
grant select on table public.reports to authenticated;
grant select, insert, update, delete on table public.reports to service_role;

insert into private.job_kinds (
  kind, function_name, max_attempts, lease_seconds, subject_key,
  queued_type, started_type, progress_type, completed_type, failed_type,
  queued_status, started_status, result_keys
) values (
  'pdf', 'generate-pdf', 3, 60, 'reportId',
  null, 'pdf_generation_started', 'pdf_generation_progress', 'pdf_generated', 'pdf_generation_failed',
  'pending', 'generating', '{pdfUrl,pdfUrlExpiresAt,fileSize}'
);

-- Objects are named <incident_id>/<report_id>/<file>, as in the other buckets.
insert into storage.buckets (id, name, public, file_size_limit)
values ('reports', 'reports', false, 52428800)
on conflict (id) do update
set public = excluded.public, file_size_limit = excluded.file_size_limit;

create policy "Members can read the report files of their incidents"
on storage.objects for select to authenticated
using (
  bucket_id = 'reports'
  and private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
);
