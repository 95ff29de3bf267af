-- What an attempt has so far is news by itself: nobody knows how much there will be, so a percentage that is a guess
-- cannot be what tells of it.

create or replace function private.tg_jobs__revise()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.revision := old.revision
    + (
      (new.status, new.progress, new.stage, new.partial)
      is distinct from (old.status, old.progress, old.stage, old.partial)
    )::integer;
  return new;
end;
$$;
comment on column public.jobs.revision is
  'Rises by one with every change of status, progress, stage or partial; messages carry it.';

create or replace function private.tg_jobs__notify_update()
returns trigger
language plpgsql
volatile
-- Definer: whoever may update a job need not be able to publish.
security definer
set search_path = ''
-- Without it, the plan kept from single updates pairs the two transition tables row by row: hours for 10,000 rows.
set enable_nestloop = off
as $$
declare
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_messages private.outgoing_message[];
begin
  select pg_catalog.array_agg(
    row(
      job.user_id,
      job.id,
      change.durable_type is not null,
      private.job_message(job::public.jobs, mapping, coalesce(change.durable_type, mapping.progress_type), v_at),
      job.queue_id
    )::private.outgoing_message
    order by job.created_at, job.id
  )
  into v_messages
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  join private.job_kinds as mapping on mapping.kind = job.kind
  cross join lateral (
    select case
      when job.status = before.status then null
      -- A job that goes back to the queue by itself is still in the works for its user.
      when job.status = 'queued' then case when before.status = 'failed' then mapping.queued_type end
      when job.status = 'processing' then case when job.attempts <= 1 then mapping.started_type end
      when job.status = 'completed' then mapping.completed_type
      else mapping.failed_type
    end as durable_type
  ) as change
  where (job.status, job.progress, job.stage, job.partial)
      is distinct from (before.status, before.progress, before.stage, before.partial)
    and coalesce(change.durable_type, mapping.progress_type) is not null;

  if v_messages is not null then
    perform private.publish(v_messages, v_at);
  end if;
  return null;
end;
$$;

create or replace function public.report_transcript(
  p_job_id uuid,
  p_lease_token uuid,
  p_text text,
  p_progress integer,
  p_stage text default null
)
returns timestamptz
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Characters: of the row, which is all there is, and of a message, which is for showing the latest.
  v_longest constant integer := 1000000;
  v_shown constant integer := 4000;
  v_job public.jobs := private.lock_transcription_job(p_job_id, p_lease_token);
  v_text constant text := private.clean_text(p_text, v_longest);
  v_lease_expires_at timestamptz;
begin
  update public.transcriptions as transcription
  set text = v_text
  where transcription.id = v_job.subject_id and transcription.completed_at is null;

  -- As report_progress, in one statement with the text, which is one message.
  update public.jobs as job
  set
    partial = case
      when v_text is not null then pg_catalog.jsonb_build_object('text', pg_catalog.right(v_text, v_shown))
    end,
    progress = coalesce(least(greatest(p_progress, 0), 100), job.progress),
    stage = coalesce(private.clean_text(p_stage, 100), job.stage),
    lease_expires_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => kind.lease_seconds)
  from private.job_kinds as kind
  where job.id = p_job_id and kind.kind = job.kind
  returning job.lease_expires_at into strict v_lease_expires_at;
  return v_lease_expires_at;
end;
$$;
comment on function public.report_transcript(uuid, uuid, text, integer, text) is
  'report_progress with the text so far, all of it: stored in the transcription; its last 4,000 characters are the field text of the progress messages. Returns when the prolonged lease expires. Errors: job_not_found, lease_lost, illegal_transition, invalid_arguments.';
