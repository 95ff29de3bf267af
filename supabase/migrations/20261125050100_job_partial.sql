-- Two things that a worker may say beside its progress: what it has so far, and when to try again.
--
--   jobs.partial                      goes with the progress messages of the attempt, and ends with it
--   postpone_retry, then fail_job     the retry waits for the random delay and at least for that moment

alter table public.jobs add column partial jsonb;
alter table public.jobs
add constraint jobs_partial_is_small check (jsonb_typeof(partial) = 'object' and octet_length(partial::text) <= 65536);
comment on column public.jobs.partial is
  'What the current attempt has so far, as fields of its progress messages; null before and after.';

create function private.tg_jobs__end_partial()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.partial := null;
  return new;
end;
$$;
comment on function private.tg_jobs__end_partial() is 'What an attempt had so far ends with it.';
revoke execute on function private.tg_jobs__end_partial() from public, anon, authenticated;

-- By its name after tg_jobs__clean and before tg_jobs__guard_update, which gives plain SQL a lease: then the status
-- has changed as well.
create trigger tg_jobs__end_partial
before update on public.jobs
for each row
when (
  new.partial is not null
  and (
    new.status <> 'processing'
    or old.status <> 'processing'
    or new.lease_token is distinct from old.lease_token
  )
)
execute function private.tg_jobs__end_partial();

create or replace function private.job_message(
  p_job public.jobs,
  p_kind private.job_kinds,
  p_type text,
  p_at timestamptz
)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select
    -- From the general to the particular: what comes later wins.
    (p_kind).message_defaults
    || coalesce(
      (
        select pg_catalog.jsonb_object_agg(entry.key, entry.value)
        from pg_catalog.jsonb_each((p_job).input) as entry
        where entry.key = any ((p_kind).input_keys)
      ),
      '{}'
    )
    || case
      when (p_job).status = 'completed' and (p_job).result is not null then coalesce(
        (
          select pg_catalog.jsonb_object_agg(entry.key, entry.value)
          from pg_catalog.jsonb_each((p_job).result) as entry
          where entry.key = any ((p_kind).result_keys)
        ),
        '{}'
      )
      when p_type = (p_kind).progress_type then coalesce((p_job).partial, '{}')
      else '{}'
    end
    || pg_catalog.jsonb_strip_nulls(
      pg_catalog.jsonb_build_object(
        'queueId', (p_job).queue_id,
        'progress', case when p_type = (p_kind).progress_type then (p_job).progress end,
        'stage', case when p_type = (p_kind).progress_type then (p_job).stage end,
        'processingDuration', (p_job).processing_duration_ms,
        'error', case when (p_job).status = 'failed' then (p_job).error end,
        'errorCode', case when (p_job).status = 'failed' then (p_job).error_code end
      )
    )
    || pg_catalog.jsonb_build_object(
      'type', p_type,
      'status', case (p_job).status
        when 'queued' then (p_kind).queued_status
        when 'processing' then (p_kind).started_status
        when 'completed' then (p_kind).completed_status
        else (p_kind).failed_status
      end,
      (p_kind).subject_key, (p_job).subject_id,
      'jobId', (p_job).id,
      'incidentId', (p_job).incident_id,
      'revision', (p_job).revision,
      'timestamp', private.iso_timestamp(p_at)
    );
$$;

-- A retry that has to wait -------------------------------------------------------------------------------------------

create function private.tg_jobs__keep_floor()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.next_attempt_at := greatest(new.next_attempt_at, old.next_attempt_at);
  return new;
end;
$$;
comment on function private.tg_jobs__keep_floor() is
  'A job that goes back to the queue is not due before the moment that postpone_retry has set.';
revoke execute on function private.tg_jobs__keep_floor() from public, anon, authenticated;

create trigger tg_jobs__keep_floor
before update on public.jobs
for each row
when (old.status = 'processing' and new.status = 'queued')
execute function private.tg_jobs__keep_floor();

create function public.postpone_retry(p_job_id uuid, p_lease_token uuid, p_seconds integer)
returns timestamptz
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Whoever asks for more is asked again after that.
  v_longest constant integer := 3600;
  v_job public.jobs := private.lock_leased_job(p_job_id, p_lease_token);
begin
  -- Ended, or queued again: there is no retry left to postpone, or it has its time already.
  if v_job.status <> 'processing' then
    return v_job.next_attempt_at;
  end if;
  update public.jobs as job
  set next_attempt_at = pg_catalog.clock_timestamp()
    + pg_catalog.make_interval(secs => least(greatest(coalesce(p_seconds, 0), 0), v_longest))
  where job.id = p_job_id
  returning job.next_attempt_at into strict v_job.next_attempt_at;
  return v_job.next_attempt_at;
end;
$$;
comment on function public.postpone_retry(uuid, uuid, integer) is
  'Before fail_job: should the job be tried again, then not before so many seconds from now, at most 3,600; whoever refused the work has said so. The lease stays as it is. Returns that moment. Errors: job_not_found, lease_lost, illegal_transition.';
revoke execute on function public.postpone_retry(uuid, uuid, integer) from public, anon, authenticated;
grant execute on function public.postpone_retry(uuid, uuid, integer) to service_role;
