-- Dispatch: a due job nudges its Edge Function by an HTTP request after commit. A nudge is a hint that may be lost,
-- doubled or late; the job in the table is the order, and the sweeper nudges again.
--
-- Address and key come from the vault: secrets `project_url` and `secret_key`. Without them nothing is sent.

create table private.job_nudges (
  job_id uuid primary key references public.jobs (id) on delete cascade,
  nudged_at timestamptz not null
);
comment on table private.job_nudges is
  'When a function was last nudged for a job, so that the sweeper does not nudge for what was just sent.';
alter table private.job_nudges enable row level security;
revoke all on table private.job_nudges from public, anon, authenticated, service_role;

create function private.nudge_jobs(p_job_ids uuid[])
returns integer
language plpgsql
volatile
-- Definer: reads the secrets and sends requests, which no API role may do freely.
security definer
set search_path = ''
as $$
declare
  -- More than a statement's worth of requests would only queue up in pg_net; the sweeper sends the others.
  v_limit constant integer := 500;
  v_project_url text;
  v_secret_key text;
  v_count integer;
begin
  select
    pg_catalog.max(secret.decrypted_secret) filter (where secret.name = 'project_url'),
    pg_catalog.max(secret.decrypted_secret) filter (where secret.name = 'secret_key')
  into v_project_url, v_secret_key
  from vault.decrypted_secrets as secret
  where secret.name in ('project_url', 'secret_key');

  if v_project_url is null or v_secret_key is null then
    return 0;
  end if;

  with due as (
    select job.id, kind.function_name
    from public.jobs as job
    join private.job_kinds as kind on kind.kind = job.kind
    where job.id = any (p_job_ids)
      and job.status = 'queued'
      and job.next_attempt_at <= pg_catalog.clock_timestamp()
    order by job.created_at, job.id
    limit v_limit
  ),
  sent as (
    select
      due.id,
      net.http_post(
        url := pg_catalog.rtrim(v_project_url, '/') || '/functions/v1/' || due.function_name,
        body := pg_catalog.jsonb_build_object('job_id', due.id),
        headers := pg_catalog.jsonb_build_object('content-type', 'application/json', 'apikey', v_secret_key),
        -- The function answers when it has the job and works on after that.
        timeout_milliseconds := 10000
      ) as request_id
    from due
  )
  insert into private.job_nudges as nudge (job_id, nudged_at)
  select sent.id, pg_catalog.clock_timestamp()
  from sent
  where sent.request_id is not null
  on conflict (job_id) do update set nudged_at = excluded.nudged_at;
  get diagnostics v_count = row_count;
  return v_count;
exception
  -- The change that asked for the nudge must not fail with it: the sweeper will try again.
  when others then
    raise warning 'nudge of % job(s) failed: % (%)', pg_catalog.cardinality(p_job_ids), sqlerrm, sqlstate;
    return 0;
end;
$$;
comment on function private.nudge_jobs(uuid[]) is
  'Asks the functions of those of the jobs that are queued and due to work on them, at most 500. Returns how many were asked; failures are warnings.';
revoke execute on function private.nudge_jobs(uuid[]) from public, anon, authenticated;
grant execute on function private.nudge_jobs(uuid[]) to service_role;

create function private.tg_jobs__dispatch_insert()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_job_ids uuid[];
begin
  select pg_catalog.array_agg(job.id)
  into v_job_ids
  from new_jobs as job
  where job.status = 'queued' and job.next_attempt_at <= pg_catalog.clock_timestamp();

  if v_job_ids is not null then
    perform private.nudge_jobs(v_job_ids);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__dispatch_insert() is 'Nudges for new jobs that are due.';
revoke execute on function private.tg_jobs__dispatch_insert() from public, anon, authenticated;

create trigger tg_jobs__dispatch_insert
after insert on public.jobs
referencing new table as new_jobs
for each statement execute function private.tg_jobs__dispatch_insert();

create function private.tg_jobs__dispatch_update()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
-- As in tg_jobs__notify_update: never pair the transition tables row by row.
set enable_nestloop = off
as $$
declare
  v_job_ids uuid[];
begin
  select pg_catalog.array_agg(job.id)
  into v_job_ids
  from new_jobs as job
  join old_jobs as before on before.id = job.id
  where job.status = 'queued'
    and job.next_attempt_at <= pg_catalog.clock_timestamp()
    and (before.status, before.next_attempt_at) is distinct from (job.status, job.next_attempt_at);

  if v_job_ids is not null then
    perform private.nudge_jobs(v_job_ids);
  end if;
  return null;
end;
$$;
comment on function private.tg_jobs__dispatch_update() is 'Nudges for jobs that became queued and due.';
revoke execute on function private.tg_jobs__dispatch_update() from public, anon, authenticated;

create trigger tg_jobs__dispatch_update
after update on public.jobs
referencing old table as old_jobs new table as new_jobs
for each statement execute function private.tg_jobs__dispatch_update();
