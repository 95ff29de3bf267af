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
-- Row triggers hold every writer to these moves, plain SQL included, and keep the columns that follow from a move
-- (lease, attempts, times) in step with it. In the order of their names, which is the order in which they fire:
--
--   tg_jobs__clean                   texts are made safe, so the others see what is stored
--   tg_jobs__guard_insert, _update   moves, and what follows from them
--   tg_jobs__revise                  counts the changes that people are told of, as the others made them

create type public.job_status as enum ('queued', 'processing', 'completed', 'failed');
comment on type public.job_status is 'States of a job; see public.jobs for the moves.';

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
  revision integer not null default 0,
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
comment on column public.jobs.revision is
  'Rises by one with every change of status, progress or stage; messages carry it.';

create index jobs_kind_idx on public.jobs (kind);
create index jobs_user_id_idx on public.jobs (user_id, created_at desc);
create index jobs_incident_id_idx on public.jobs (incident_id, created_at);
create index jobs_queue_id_idx on public.jobs (queue_id) where queue_id is not null;
create index jobs_subject_id_idx on public.jobs (subject_id);
-- For the sweeper: small, as they hold unfinished jobs only.
create index jobs_due_idx on public.jobs (next_attempt_at) where status = 'queued';
create index jobs_leases_idx on public.jobs (lease_expires_at) where status = 'processing';

create function private.tg_jobs__clean()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
declare
  -- Visible ASCII from end to end is clean as it is: most texts are, and calls cost more than this look.
  v_plain constant text := '^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$';
  v_json_with_more constant text := '[^\x20-\x7e]|\\[bfru]';
begin
  -- Only what this statement writes: rows of before are clean.
  if (tg_op = 'INSERT' or new.stage is distinct from old.stage)
     and (new.stage !~ v_plain or pg_catalog.length(new.stage) > 100)
  then
    new.stage := private.clean_text(new.stage, 100);
  end if;
  if (tg_op = 'INSERT' or new.error is distinct from old.error)
     and (new.error !~ v_plain or pg_catalog.length(new.error) > 2000)
  then
    new.error := private.clean_text(new.error, 2000);
  end if;
  if (tg_op = 'INSERT' or new.input is distinct from old.input) and new.input::text ~ v_json_with_more then
    new.input := private.clean_json(new.input);
  end if;
  if (tg_op = 'INSERT' or new.result is distinct from old.result) and new.result::text ~ v_json_with_more then
    new.result := private.clean_json(new.result);
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__clean() is
  'Texts that workers write are safe for whoever shows them: stage (100 characters), error (2,000), and those in input and result.';
revoke execute on function private.tg_jobs__clean() from public, anon, authenticated;

create trigger tg_jobs__clean
before insert or update of stage, error, input, result on public.jobs
for each row execute function private.tg_jobs__clean();

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

create function private.tg_jobs__revise()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.revision := old.revision
    + ((new.status, new.progress, new.stage) is distinct from (old.status, old.progress, old.stage))::integer;
  return new;
end;
$$;
comment on function private.tg_jobs__revise() is 'Counts the changes that people are told of; nobody else sets the revision.';
revoke execute on function private.tg_jobs__revise() from public, anon, authenticated;

create trigger tg_jobs__revise
before update on public.jobs
for each row execute function private.tg_jobs__revise();

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
