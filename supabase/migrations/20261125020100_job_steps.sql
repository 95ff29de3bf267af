-- Long work in steps: a function lives for 150 s and 2 s of CPU time, work may take longer. A worker ends its step with
-- continue_job, which keeps what the next step needs and nudges for it at once.
--
--   processing ── continue_job ─▶ processing, handed over ── claim_job ─▶ processing, next step
--                                      │
--                                      └─ nobody came until the lease expired: sweep_jobs, as with any silent worker
--
-- Between two steps the job stays `processing` for everybody who watches, and keeps its place within the limits. The
-- lease of the ended step is void from then on. A step is no attempt: `attempts` counts failures and silences of the
-- job as a whole. A retry begins with the state of the last step that ended well, not from the start.

alter table public.jobs
  add column step smallint not null default 0,
  add column state jsonb,
  add column handed_over_at timestamptz,
  add constraint jobs_steps_are_counted check (step >= 0),
  add constraint jobs_state_is_small check (jsonb_typeof(state) = 'object' and octet_length(state::text) <= 65536),
  add constraint jobs_only_work_is_handed_over check (handed_over_at is null or status = 'processing');
comment on column public.jobs.step is 'Steps that have ended; 0 for work that is done at one go.';
comment on column public.jobs.state is
  'What the next step needs, as the last one left it. Kept by retries; null again when the job is completed or requeued by somebody.';
comment on column public.jobs.handed_over_at is
  'When the last step ended, until a worker takes up the next; else null.';

create index jobs_handed_over_idx on public.jobs (handed_over_at) where handed_over_at is not null;

alter table private.job_kinds
  add column max_steps smallint not null default 100,
  add constraint job_kinds_max_steps_is_positive check (max_steps > 0);
comment on column private.job_kinds.max_steps is
  'Steps of one job; a job that wants more has failed with too_many_steps, so that work always ends.';

create or replace function private.tg_jobs__guard_update()
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
  new.handed_over_at := null;
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
    new.state := null;
  elsif new.status = 'failed' then
    new.error_code := coalesce(new.error_code, 'internal_error');
  elsif old.status = 'failed' then
    if new.attempts = old.attempts then
      new.attempts := 0;
    end if;
    -- Whoever tries again by hand wants all of it tried again.
    new.step := 0;
    new.state := null;
  end if;
  return new;
end;
$$;

create or replace function private.lock_leased_job(p_job_id uuid, p_lease_token uuid)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  select job.* into v_job from public.jobs as job where job.id = p_job_id for no key update;
  if not found then
    raise exception 'job_not_found' using errcode = 'PT404', detail = 'There is no such job.';
  end if;
  if v_job.lease_token is null and v_job.attempts = 0 then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('The job is %s and was never claimed.', v_job.status);
  end if;
  if v_job.lease_token is distinct from p_lease_token then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'Another worker has the job, or it was taken back when its lease expired.';
  end if;
  if v_job.handed_over_at is not null then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'This step has ended; the job waits for the worker of the next.';
  end if;
  return v_job;
end;
$$;

create function public.continue_job(
  p_job_id uuid,
  p_lease_token uuid,
  p_state jsonb,
  p_progress integer default null,
  p_stage text default null
)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job public.jobs;
  v_max_steps integer;
begin
  -- The worker did not hear our first answer.
  select job.* into v_job
  from public.jobs as job
  where job.id = p_job_id and job.lease_token = p_lease_token and job.handed_over_at is not null
  for no key update;
  if found then
    return v_job;
  end if;

  v_job := private.lock_leased_job(p_job_id, p_lease_token);
  if v_job.status = 'queued' then
    raise exception 'lease_lost' using errcode = 'PT409', detail = 'The job is back in the queue.';
  elsif v_job.status <> 'processing' then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('The job is %s already.', v_job.status);
  end if;
  if p_state is null or not private.is_result(p_state) then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A state is an object of at most 64 KB.';
  end if;

  select kind.max_steps into strict v_max_steps from private.job_kinds as kind where kind.kind = v_job.kind;
  if v_job.step + 1 >= v_max_steps then
    update public.jobs as job
    set status = 'failed', error_code = 'too_many_steps', error = 'The work needs more steps than allowed.'
    where job.id = p_job_id
    returning job.* into strict v_job;
    return v_job;
  end if;

  update public.jobs as job
  set
    step = job.step + 1,
    state = p_state,
    handed_over_at = pg_catalog.clock_timestamp(),
    progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
    stage = coalesce(private.clean_text(p_stage, 100), job.stage),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.* into strict v_job;
  return v_job;
end;
$$;
comment on function public.continue_job(uuid, uuid, jsonb, integer, text) is
  'Ends a step: keeps the state (an object of at most 64 KB), gives the lease up and nudges for the next step, which gets the state from claim_job. Counts no attempt. Repeated with the same lease it changes nothing. Beyond job_kinds.max_steps the job fails with too_many_steps. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
revoke execute on function public.continue_job(uuid, uuid, jsonb, integer, text) from public, anon, authenticated;
grant execute on function public.continue_job(uuid, uuid, jsonb, integer, text) to service_role;
