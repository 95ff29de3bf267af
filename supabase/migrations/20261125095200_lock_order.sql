-- Order of locks, for everybody: the jobs' rows, heads, incidents, kinds. Two that did not keep to it waited in a circle
-- with others: a member who submitted a voice note while a photo ended (incident, then head), and the sweeper (kinds,
-- then incident).

create function private.lock_head(p_user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.notification_heads (user_id) values (p_user_id) on conflict (user_id) do nothing;
  perform from private.notification_heads as head where head.user_id = p_user_id for no key update;
end;
$$;
comment on function private.lock_head(uuid) is
  'Waits for the head of a user''s notifications, for whoever takes it later with something in hand.';
revoke execute on function private.lock_head(uuid) from public, anon, authenticated;

create or replace function public.submit_upload(p_incident_id uuid, p_path text, p_file_name text)
returns public.documents
language plpgsql
volatile
-- Definer: people write no table and see no upload; what they may submit is checked here.
security definer
set search_path = ''
as $$
declare
  -- Uploads are removed an hour after this, so none goes while it is being submitted.
  v_open_for constant interval := '24 hours';
  v_owner_id uuid;
  v_file_name constant text := private.base_name(p_file_name);
  v_kind constant text := private.document_kind(v_file_name, null);
  v_document public.documents;
begin
  if auth.uid() is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can submit files.';
  end if;
  if not private.is_incident_member(p_incident_id) then
    raise exception 'incident_not_found' using
      errcode = 'PT404', detail = 'There is no such incident that the caller is a member of.';
  end if;
  if pg_catalog.split_part(p_path, '/', 1) is distinct from p_incident_id::text then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The file is not in the incident''s folder.';
  end if;

  -- The message of a new voice note takes the owner's head: wait for it now, as whoever ends work in this incident does.
  perform private.lock_head(incident.user_id) from public.incidents as incident where incident.id = p_incident_id;
  -- Two submissions at the same moment: the second waits here and finds the first's document.
  select incident.user_id into v_owner_id
  from public.incidents as incident
  where incident.id = p_incident_id
  for no key update;

  select * into v_document from public.documents as document where document.source_path = p_path;
  if found then
    return v_document;
  end if;

  if not exists (
    select from storage.objects as object
    where object.bucket_id = 'uploads' and object.name = p_path and object.created_at > pg_catalog.now() - v_open_for
  ) then
    raise exception 'upload_not_found' using
      errcode = 'PT404', detail = 'Nothing was uploaded there during the last 24 hours.';
  end if;
  if (select count(*) from public.documents as document where document.incident_id = p_incident_id)
    >= (select limits.max_incident_documents from private.limits as limits)
  then
    raise exception 'too_many_documents' using errcode = 'PT409', detail = 'private.limits says how many there may be.';
  end if;

  insert into public.documents (incident_id, user_id, kind, document_type, source_path, file_name)
  values (p_incident_id, v_owner_id, v_kind, v_kind, p_path, v_file_name)
  returning * into v_document;
  -- Again, for the job that it has been given.
  select * into v_document from public.documents as document where document.id = v_document.id;
  return v_document;
end;
$$;

create or replace function public.sweep_jobs()
returns integer
language plpgsql
volatile
-- Definer: knows of the nudges, which are closed to API roles.
security definer
set search_path = ''
as $$
declare
  -- Sweeps are short; what is left over is for the next.
  v_limit constant integer := 500;
  v_kinds text[];
  v_expired uuid[];
  v_waiting uuid[];
  v_nudged uuid[];
begin
  -- So that the join below finds everybody.
  insert into private.notification_heads (user_id)
  select distinct job.user_id
  from public.jobs as job
  where job.status = 'processing'
    and job.lease_expires_at <= pg_catalog.now()
    and not exists (select from private.notification_heads as head where head.user_id = job.user_id)
  order by job.user_id
  on conflict (user_id) do nothing;

  -- A kind that is locked is left to whoever is at it: what ends here makes room, which is dispatched below.
  select pg_catalog.array_agg(free.kind)
  into v_kinds
  from (
    select kind.kind from private.job_kinds as kind order by kind.kind
  ) as free
  where pg_catalog.pg_try_advisory_xact_lock(private.kind_lock(free.kind));

  -- Locked rows are skipped. A head's: its user is in a long transaction, for which the sweep would hold up all
  -- others. An incident's, which the end of its last job takes: somebody is changing it, and will want a kind at the
  -- commit. A job's: its worker is just reporting, so it is alive.
  with available as materialized (
    select head.user_id
    from private.notification_heads as head
    where head.user_id in (
      select job.user_id
      from public.jobs as job
      where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now()
    )
    for no key update skip locked
  ),
  incident as materialized (
    select incident.id
    from public.incidents as incident
    where incident.id in (
      select job.incident_id
      from public.jobs as job
      where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now()
    )
    for no key update skip locked
  ),
  expired as (
    select job.id
    from public.jobs as job
    join available on available.user_id = job.user_id
    where job.status = 'processing' and job.lease_expires_at <= pg_catalog.now() and job.kind = any (v_kinds)
      and (job.incident_id is null or job.incident_id in (select incident.id from incident))
    order by job.lease_expires_at
    limit v_limit
    for no key update of job skip locked
  ),
  ended as (
    update public.jobs as job
    set
      status = case when job.attempts < job.max_attempts then 'queued' else 'failed' end::public.job_status,
      progress = case when job.attempts < job.max_attempts then 0 else job.progress end,
      stage = case when job.attempts < job.max_attempts then 'waiting_to_retry' end,
      -- It has waited for its lease already. Not now(): what it was nudged for is of before.
      next_attempt_at = pg_catalog.clock_timestamp(),
      lease_token = null,
      error_code = 'lease_expired',
      error = 'The work did not finish in time.'
    from expired
    where job.id = expired.id
    returning job.id
  )
  select pg_catalog.array_agg(ended.id) into v_expired from ended;

  -- Steps whose nudge had no effect.
  select pg_catalog.array_agg(waiting.id)
  into v_waiting
  from (
    select job.id
    from public.jobs as job
    left join private.job_nudges as nudge on nudge.job_id = job.id
    where job.handed_over_at <= pg_catalog.now() - private.nudge_patience()
      and (nudge.nudged_at is null or nudge.nudged_at <= pg_catalog.now() - private.nudge_patience())
    order by job.handed_over_at
    limit v_limit
    for no key update of job skip locked
  ) as waiting;
  if v_waiting is not null and private.nudge_jobs(v_waiting) = 0 then
    v_waiting := null;
  end if;

  v_nudged := private.dispatch_jobs(v_kinds, p_wait => false);
  return (
    select pg_catalog.count(*)
    from (select unnest(v_expired) union select unnest(v_waiting) union select unnest(v_nudged)) as acted_upon
  );
end;
$$;
