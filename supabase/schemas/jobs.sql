-- Jobs: the status rows, one per piece of work. The table is the queue and the state machine.
--
--              claim_job                complete_job
--   queued ───────────────▶ processing ──────────────▶ completed (final)
--     ▲  ▲                   │   │  ▲ │
--     │  └───────────────────┘   │  └─┘ report_progress; claim_job after the lease expired
--     │   fail_job(retryable),   │
--     │   sweep_jobs             │ fail_job, sweep_jobs
--     │                          ▼
--     └─────────────────────── failed        (queued ─▶ failed: ended before any work)
--          requeue_job
--
-- Where to look:
--
--   job_moves.sql          row triggers that refuse other moves, also by plain SQL, and set the columns of a move
--   job_claims.sql         claim_job, leases
--   job_progress.sql       report_progress, continue_job
--   job_ends.sql           complete_job, fail_job with the back-off of retries, requeue_job
--   worker_ends.sql        jobs of a worker that ran out of memory
--   job_places.sql         limits of a kind, and whose turn it is
--   dispatch.sql           calls of the Edge Functions
--   sweep.sql              expired leases, lost calls
--   status_broadcast.sql   messages about changes

create type public.job_status as enum ('queued', 'processing', 'completed', 'failed');
comment on type public.job_status is 'States of a job. The comment of public.jobs lists the moves.';

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
  partial jsonb,
  result jsonb,
  error_code text,
  error text,
  attempts smallint not null default 0,
  max_attempts smallint not null,
  next_attempt_at timestamptz not null default now(),
  step smallint not null default 0,
  state jsonb,
  handed_over_at timestamptz,
  lease_token uuid,
  lease_expires_at timestamptz,
  worker_id uuid,
  runs_alone boolean not null default false,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  processing_duration_ms integer,
  revision integer not null default 0,
  constraint jobs_progress_is_a_percentage check (progress between 0 and 100),
  constraint jobs_stage_is_short check (char_length(stage) <= 100),
  constraint jobs_attempts_are_counted check (attempts >= 0 and max_attempts > 0),
  constraint jobs_steps_are_counted check (step >= 0),
  constraint jobs_only_work_is_handed_over check (handed_over_at is null or status = 'processing'),
  constraint jobs_lease_belongs_to_processing check (
    (status = 'processing') = (lease_expires_at is not null)
    and (status <> 'processing' or lease_token is not null)
  ),
  constraint jobs_end_is_dated check ((status in ('completed', 'failed')) = (finished_at is not null)),
  constraint jobs_failure_has_a_code check (status <> 'failed' or error_code is not null),
  constraint jobs_error_code_is_a_word check (error_code ~ '^[a-z][a-z0-9_]{0,63}$'),
  constraint jobs_error_is_short check (char_length(error) <= 2000),
  -- Input, partial and result may be part of a broadcast, whose size is limited.
  constraint jobs_input_is_small check (jsonb_typeof(input) = 'object' and octet_length(input::text) <= 65536),
  constraint jobs_partial_is_small check (jsonb_typeof(partial) = 'object' and octet_length(partial::text) <= 65536),
  constraint jobs_result_is_small check (jsonb_typeof(result) = 'object' and octet_length(result::text) <= 65536),
  constraint jobs_state_is_small check (jsonb_typeof(state) = 'object' and octet_length(state::text) <= 65536)
);
comment on table public.jobs is
  'Status rows, one per piece of work. Moves: queued to processing or failed; processing to completed, failed or queued; failed to queued.';
comment on column public.jobs.user_id is
  'The user who gets the messages about this job. Changes once, when a waiting claim is handed over.';
comment on column public.jobs.queue_id is 'Messages also go to the topic queue:<queue_id>, for pages that follow one task. Null: they do not.';
comment on column public.jobs.subject_id is
  'What the work is about: a document, report or transcription, by kind. No foreign key, because it is of several tables.';
comment on column public.jobs.progress is 'Percent of the current attempt.';
comment on column public.jobs.stage is 'What the worker is doing, such as downloading.';
comment on column public.jobs.partial is
  'Fields that the progress messages of the current attempt have in addition, such as the text so far. Null outside of an attempt.';
comment on column public.jobs.error_code is
  'Code of the last failure. Set while the job is failed, or queued for a retry.';
comment on column public.jobs.error is 'The last failure, in a sentence for people.';
comment on column public.jobs.attempts is 'Claims so far. requeue_job sets it to 0.';
comment on column public.jobs.next_attempt_at is 'A queued job cannot be claimed before this moment.';
comment on column public.jobs.step is 'Steps that have ended. 0 for work without steps.';
comment on column public.jobs.state is
  'What the last step left for the next one. A retry keeps it; the end and requeue_job set it to null.';
comment on column public.jobs.handed_over_at is
  'When the last step ended, while the job waits for the worker of the next step. Else null.';
comment on column public.jobs.lease_token is
  'Token of the worker that holds the job. Kept after the end, so that the worker may repeat its last call.';
comment on column public.jobs.lease_expires_at is 'Another worker may take the job after this moment.';
comment on column public.jobs.worker_id is
  'The worker that claimed the job last: SB_EXECUTION_ID of its process. Null where the worker did not say.';
comment on column public.jobs.runs_alone is
  'True after a worker ran out of memory while it did this work: the next worker does no other work at the same time.';
comment on column public.jobs.started_at is 'Start of the latest attempt.';
comment on column public.jobs.processing_duration_ms is 'Milliseconds from the latest claim to the end.';
comment on column public.jobs.revision is
  'Rises by one with every change of status, progress, stage or partial. Every message has it, which puts messages of one job in order.';

create index jobs_kind_idx on public.jobs (kind);
create index jobs_user_id_idx on public.jobs (user_id, created_at desc);
create index jobs_incident_id_idx on public.jobs (incident_id, created_at);
create index jobs_queue_id_idx on public.jobs (queue_id) where queue_id is not null;
create index jobs_subject_id_idx on public.jobs (subject_id);
-- For the sweeper. Small, because they contain unfinished jobs only.
create index jobs_due_idx on public.jobs (next_attempt_at) where status = 'queued';
create index jobs_leases_idx on public.jobs (lease_expires_at) where status = 'processing';
create index jobs_handed_over_idx on public.jobs (handed_over_at) where handed_over_at is not null;
-- Taken places: jobs that are processing.
create index jobs_places_idx on public.jobs (kind, user_id) where status = 'processing';
-- Waiting users of a kind in the order of their ids, and the waiting jobs of each user.
create index jobs_queue_idx on public.jobs (kind, user_id, next_attempt_at, created_at, id) where status = 'queued';
-- Whether an incident has unfinished jobs. Does not grow with the jobs that have ended.
create index jobs_unfinished_idx on public.jobs (incident_id) where status in ('queued', 'processing');

alter table public.jobs enable row level security;
create policy "People can read their own jobs and those of their incidents"
on public.jobs for select to authenticated
using (
  user_id = (select auth.uid())
  or (incident_id is not null and (select private.is_admin()))
  or incident_id in (select private.member_incident_ids())
);
revoke all on table public.jobs from public, anon, authenticated, service_role;
grant select on table public.jobs to authenticated;
grant select, insert, update, delete on table public.jobs to service_role;
