-- The moves of a job: row triggers that hold every writer to them, plain SQL included, and set the columns that follow
-- from a move. They fire in the order of their names:
--
--   tg_jobs__clean                cleans the texts, so that the other triggers see what is stored
--   tg_jobs__end_partial          empties jobs.partial when an attempt ends; before guard_update, which may give a lease
--   tg_jobs__guard_insert         status of a new job
--   tg_jobs__guard_update         refuses illegal moves and changes of identity; lease, attempts, times
--   tg_jobs__keep_postponement    a retry that was postponed is not due earlier
--   tg_jobs__revise               counts the changes that have a message, after all other triggers

create function private.tg_jobs__clean() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  -- Text of visible ASCII is clean. Most texts are, and this check is cheaper than cleaning.
  v_plain constant text := '^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$';
  v_json_to_clean constant text := '[^\x20-\x7e]|\\[bfru]';
begin
  -- Only what the statement has changed. What was stored before is clean.
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
  if (tg_op = 'INSERT' or new.input is distinct from old.input) and new.input::text ~ v_json_to_clean then
    new.input := private.clean_json(new.input);
  end if;
  if (tg_op = 'INSERT' or new.result is distinct from old.result) and new.result::text ~ v_json_to_clean then
    new.result := private.clean_json(new.result);
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__clean() is
  'Cleans what workers write: stage (cut to 100 characters), error (2,000), and the texts in input and result.';
revoke execute on function private.tg_jobs__clean() from public, anon, authenticated;

create trigger tg_jobs__clean
before insert or update of stage, error, input, result on public.jobs
for each row execute function private.tg_jobs__clean();

create function private.tg_jobs__guard_insert() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_kind private.job_kinds;
begin
  -- 1 for an unknown kind, so that the foreign key reports the kind, and not the constraint of this column.
  select kind.* into v_kind from private.job_kinds as kind where kind.kind = new.kind;
  new.max_attempts := coalesce(new.max_attempts, v_kind.max_attempts, 1);
  if new.status = 'queued' then
    return new;
  end if;

  if not coalesce(v_kind.done_elsewhere, false) then
    raise exception 'illegal_transition' using
      errcode = 'PT409',
      detail = pg_catalog.format('A new job is queued, not %s.', new.status);
  end if;
  new.started_at := pg_catalog.clock_timestamp();
  if new.status = 'processing' then
    new.attempts := 1;
    new.lease_token := coalesce(new.lease_token, pg_catalog.gen_random_uuid());
    new.lease_expires_at := coalesce(
      new.lease_expires_at, new.started_at + pg_catalog.make_interval(secs => v_kind.lease_seconds)
    );
  else
    new.finished_at := new.started_at;
    new.progress := case when new.status = 'completed' then 100 else new.progress end;
    new.error_code := case when new.status = 'failed' then coalesce(new.error_code, 'internal_error') end;
    new.error := case when new.status = 'failed' then new.error end;
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__guard_insert() is
  'A new job takes max_attempts from its kind, and is queued unless its work is done elsewhere.';
revoke execute on function private.tg_jobs__guard_insert() from public, anon, authenticated;

create trigger tg_jobs__guard_insert
before insert on public.jobs
for each row execute function private.tg_jobs__guard_insert();

create function private.tg_jobs__end_partial() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  new.partial := null;
  return new;
end;
$$;
comment on function private.tg_jobs__end_partial() is 'Empties jobs.partial when an attempt ends.';
revoke execute on function private.tg_jobs__end_partial() from public, anon, authenticated;

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

create function private.tg_jobs__guard_update() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if (new.id, new.kind, new.subject_id, new.created_at) is distinct from (old.id, old.kind, old.subject_id, old.created_at)
     or new.incident_id is distinct from old.incident_id
     or (new.user_id <> old.user_id and not private.is_handover(old.incident_id, old.user_id, new.user_id))
  then
    raise exception 'immutable_column' using
      errcode = 'PT409',
      detail = 'id, kind, user_id, incident_id, subject_id and created_at of a job never change, but for the user of a waiting claim.';
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

  -- Columns that follow from the move. Functions such as claim_job set most of them; plain SQL need not.
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
    -- A job that failed before its first claim has no duration.
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
    -- A failed job that is queued again starts from its first step.
    new.step := 0;
    new.state := null;
  end if;
  return new;
end;
$$;
comment on function private.tg_jobs__guard_update() is
  'Refuses illegal moves and changes of identity, and sets lease, attempts and times according to the status.';
revoke execute on function private.tg_jobs__guard_update() from public, anon, authenticated;

create trigger tg_jobs__guard_update
before update on public.jobs
for each row execute function private.tg_jobs__guard_update();

create function private.tg_jobs__keep_postponement() returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  new.next_attempt_at := greatest(new.next_attempt_at, old.next_attempt_at);
  return new;
end;
$$;
comment on function private.tg_jobs__keep_postponement() is
  'A job that goes back to the queue is not due before the moment that postpone_retry has set.';
revoke execute on function private.tg_jobs__keep_postponement() from public, anon, authenticated;

create trigger tg_jobs__keep_postponement
before update on public.jobs
for each row
when (old.status = 'processing' and new.status = 'queued')
execute function private.tg_jobs__keep_postponement();

create function private.tg_jobs__revise() returns trigger
language plpgsql volatile security invoker set search_path = ''
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
comment on function private.tg_jobs__revise() is 'Counts the changes that have a message. Overrides what a statement sets revision to.';
revoke execute on function private.tg_jobs__revise() from public, anon, authenticated;

create trigger tg_jobs__revise
before update on public.jobs
for each row execute function private.tg_jobs__revise();
