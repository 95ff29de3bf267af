-- Jobs: the status rows. This table is the queue and the state machine; everything else is a result.
--
--              claim_job                complete_job
--   queued ───────────────▶ processing ──────────────▶ completed (final)
--     ▲  ▲                   │   │  ▲ │
--     │  └───────────────────┘   │  └─┘ report_progress; claim_job after the lease expired
--     │   fail_job(retryable),   │
--     │   sweep_jobs             │ fail_job, sweep_jobs
--     │                          ▼
--     └─────────────────────── failed        (queued ─▶ failed: given up before any work)
--          requeue_job
--
-- The row trigger below holds every writer to these moves, plain SQL included, and keeps the columns that follow
-- from a move (lease, attempts, times) in step with it.

create type public.job_status as enum ('queued', 'processing', 'completed', 'failed');
comment on type public.job_status is 'States of a job; see public.jobs for the moves.';

create table private.job_kinds (
  kind text primary key,
  function_name text not null,
  max_attempts smallint not null default 3,
  lease_seconds integer not null default 60,
  retry_base_seconds integer not null default 2,
  retry_max_seconds integer not null default 300,
  subject_key text not null,
  queued_type text,
  started_type text,
  progress_type text,
  completed_type text not null,
  failed_type text not null,
  queued_status text not null default 'queued',
  started_status text not null default 'processing',
  completed_status text not null default 'completed',
  failed_status text not null default 'failed',
  message_defaults jsonb not null default '{}'::jsonb,
  input_keys text[] not null default '{}',
  result_keys text[] not null default '{}',
  constraint job_kinds_limits_are_positive check (
    max_attempts > 0 and lease_seconds > 0 and retry_base_seconds > 0 and retry_max_seconds >= retry_base_seconds
  ),
  constraint job_kinds_function_name_is_a_path_segment check (function_name ~ '^[a-z0-9][a-z0-9_-]*$'),
  constraint job_kinds_message_defaults_are_an_object check (jsonb_typeof(message_defaults) = 'object')
);
comment on table private.job_kinds is
  'The type mapping: which function does a kind of job and which messages tell of it. A new kind is one row here.';
comment on column private.job_kinds.function_name is 'Edge Function that is nudged with {"job_id"}.';
comment on column private.job_kinds.max_attempts is 'Claims before a job is given up; copied to new jobs.';
comment on column private.job_kinds.lease_seconds is
  'How long a claim holds without report_progress before another worker may take the job.';
comment on column private.job_kinds.retry_base_seconds is
  'Ceiling of the first retry''s random delay; it doubles with each attempt.';
comment on column private.job_kinds.retry_max_seconds is 'No retry waits longer.';
comment on column private.job_kinds.subject_key is 'Field of the message that carries jobs.subject_id.';
comment on column private.job_kinds.queued_type is 'Durable message of a new or requeued job; null: none.';
comment on column private.job_kinds.started_type is 'Durable message of the first claim; null: none.';
comment on column private.job_kinds.progress_type is
  'Volatile message of progress, of retries and of changes without a durable message; null: none.';
comment on column private.job_kinds.queued_status is 'The word for queued in the message''s field status; likewise the others.';
comment on column private.job_kinds.message_defaults is 'Fields of every message where the job''s input has none.';
comment on column private.job_kinds.input_keys is 'Fields copied from jobs.input into every message.';
comment on column private.job_kinds.result_keys is 'Fields copied from jobs.result into the last message.';

insert into private.job_kinds (
  kind, function_name, max_attempts, lease_seconds, subject_key,
  queued_type, started_type, progress_type, completed_type, failed_type, queued_status,
  message_defaults, input_keys, result_keys
) values (
  'image', 'process-image', 3, 60, 'documentId',
  null, 'image_processing_started', 'image_processing_progress', 'image_processed', 'image_processing_failed', 'pending',
  '{"documentType": "photo"}', '{documentType}', '{signedUrl,signedUrlExpiresAt}'
);

-- Row level security without a policy: closed to every API role but service_role, which bypasses it.
alter table private.job_kinds enable row level security;
revoke all on table private.job_kinds from public, anon, authenticated, service_role;
grant select on table private.job_kinds to service_role;

create table public.jobs (
  id uuid primary key default gen_random_uuid(),
  kind text not null references private.job_kinds (kind) on delete restrict,
  user_id uuid not null references auth.users (id) on delete cascade,
  incident_id uuid references public.incidents (id) on delete cascade,
  queue_id uuid,
  subject_id uuid not null,
  status public.job_status not null default 'queued',
  progress smallint not null default 0,
  stage text,
  input jsonb not null default '{}'::jsonb,
  result jsonb,
  error_code text,
  error text,
  attempts smallint not null default 0,
  max_attempts smallint not null,
  next_attempt_at timestamptz not null default now(),
  lease_token uuid,
  lease_expires_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  processing_duration_ms integer,
  constraint jobs_progress_is_a_percentage check (progress between 0 and 100),
  constraint jobs_stage_is_short check (char_length(stage) <= 100),
  constraint jobs_attempts_are_counted check (attempts >= 0 and max_attempts > 0),
  constraint jobs_lease_belongs_to_processing check (
    (status = 'processing') = (lease_expires_at is not null)
    and (status <> 'processing' or lease_token is not null)
  ),
  constraint jobs_end_is_dated check ((status in ('completed', 'failed')) = (finished_at is not null)),
  constraint jobs_failure_has_a_code check (status <> 'failed' or error_code is not null),
  constraint jobs_error_code_is_a_word check (error_code ~ '^[a-z][a-z0-9_]{0,63}$'),
  constraint jobs_error_is_short check (char_length(error) <= 2000),
  -- Both may travel in a broadcast, which has a size limit.
  constraint jobs_input_is_small check (jsonb_typeof(input) = 'object' and octet_length(input::text) <= 65536),
  constraint jobs_result_is_small check (jsonb_typeof(result) = 'object' and octet_length(result::text) <= 65536)
);
comment on table public.jobs is
  'Status rows: one per piece of work. Moves: queued to processing or failed; processing to completed, failed or queued; failed to queued.';
comment on column public.jobs.user_id is 'Who is notified of this job. Never changes.';
comment on column public.jobs.queue_id is 'For following one task on the topic queue:<queue_id>.';
comment on column public.jobs.subject_id is
  'What the work is about, by kind: a document, a report or a transcription. No foreign key, as it spans tables.';
comment on column public.jobs.progress is 'Percent of the current attempt.';
comment on column public.jobs.stage is 'What the worker is doing, e.g. downloading.';
comment on column public.jobs.error_code is
  'Code of the last failure; set on failed jobs and on queued ones that wait for a retry.';
comment on column public.jobs.error is 'Sentence for people about the last failure.';
comment on column public.jobs.attempts is 'Claims so far; back to 0 by requeue_job.';
comment on column public.jobs.next_attempt_at is 'A queued job is not claimed before.';
comment on column public.jobs.lease_token is
  'Proves who holds the job. Kept after the end, so that a worker may safely repeat its last call.';
comment on column public.jobs.lease_expires_at is 'After this moment another worker may take the job.';
comment on column public.jobs.started_at is 'Start of the latest attempt.';
comment on column public.jobs.processing_duration_ms is 'Milliseconds from the latest claim to the end.';

create index jobs_kind_idx on public.jobs (kind);
create index jobs_user_id_idx on public.jobs (user_id, created_at desc);
create index jobs_incident_id_idx on public.jobs (incident_id, created_at);
create index jobs_queue_id_idx on public.jobs (queue_id) where queue_id is not null;
create index jobs_subject_id_idx on public.jobs (subject_id);
-- For the sweeper: small, as they hold unfinished jobs only.
create index jobs_due_idx on public.jobs (next_attempt_at) where status = 'queued';
create index jobs_leases_idx on public.jobs (lease_expires_at) where status = 'processing';

create function private.tg_jobs__guard_insert()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  if new.status <> 'queued' then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('A new job is queued, not %s.', new.status);
  end if;
  if new.max_attempts is null then
    select kind.max_attempts into new.max_attempts from private.job_kinds as kind where kind.kind = new.kind;
    -- An unknown kind is reported by the foreign key, which is checked later than not null.
    new.max_attempts := coalesce(new.max_attempts, 1);
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__guard_insert() is 'A new job is queued and takes its limits from its kind.';
revoke execute on function private.tg_jobs__guard_insert() from public, anon, authenticated;

create trigger tg_jobs__guard_insert
before insert on public.jobs
for each row execute function private.tg_jobs__guard_insert();

create function private.tg_jobs__guard_update()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  if (new.id, new.kind, new.user_id, new.subject_id, new.created_at)
       is distinct from (old.id, old.kind, old.user_id, old.subject_id, old.created_at)
     or new.incident_id is distinct from old.incident_id
  then
    raise exception 'immutable_column' using
      errcode = 'PT409',
      detail = 'id, kind, user_id, incident_id, subject_id and created_at of a job never change.';
  end if;

  if new.status = old.status then
    return new;
  end if;

  if not (
    (old.status = 'queued' and new.status in ('processing', 'failed'))
    or (old.status = 'processing' and new.status in ('completed', 'failed', 'queued'))
    or (old.status = 'failed' and new.status = 'queued')
  ) then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('A job cannot go from %s to %s.', old.status, new.status);
  end if;

  -- What follows from the move. The functions below set most of it themselves; an update by plain SQL need not.
  if new.status = 'processing' then
    if new.attempts = old.attempts then
      new.attempts := old.attempts + 1;
    end if;
    if new.lease_token is not distinct from old.lease_token then
      new.lease_token := pg_catalog.gen_random_uuid();
    end if;
    if new.lease_expires_at is null then
      select pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
      into strict new.lease_expires_at
      from private.job_kinds as kind
      where kind.kind = new.kind;
    end if;
    new.started_at := pg_catalog.clock_timestamp();
    new.processing_duration_ms := null;
  else
    new.lease_expires_at := null;
  end if;

  if new.status in ('completed', 'failed') then
    new.finished_at := pg_catalog.clock_timestamp();
    -- A job that failed before any claim has no duration.
    if old.status = 'processing' then
      new.processing_duration_ms := least(
        extract(epoch from new.finished_at - old.started_at) * 1000, 2147483647
      )::integer;
    end if;
  else
    new.finished_at := null;
  end if;

  if new.status = 'completed' then
    new.progress := 100;
    new.error_code := null;
    new.error := null;
  elsif new.status = 'failed' then
    new.error_code := coalesce(new.error_code, 'internal_error');
  elsif old.status = 'failed' and new.attempts = old.attempts then
    new.attempts := 0;
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__guard_update() is
  'Refuses illegal moves and changes of identity; keeps lease, attempts and times in step with the status.';
revoke execute on function private.tg_jobs__guard_update() from public, anon, authenticated;

create trigger tg_jobs__guard_update
before update on public.jobs
for each row execute function private.tg_jobs__guard_update();

alter table public.jobs enable row level security;
create policy "People can read their own jobs and those of their incidents"
on public.jobs for select to authenticated
using (
  user_id = (select auth.uid())
  or incident_id in (select private.member_incident_ids())
);
revoke all on table public.jobs from public, anon, authenticated, service_role;
grant select on table public.jobs to authenticated;
grant select, insert, update, delete on table public.jobs to service_role;
