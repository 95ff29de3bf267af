-- The custody log: what happened to the files of an incident, who did it and when. One chain of rows per incident; each row
-- holds the hash of the row before it.
--
--   document inserted ──▶ received       preview written ──▶ derived         report written ──▶ included_in_report
--   original kept ──────▶ kept           open_original ────▶ viewed,         document deleted ▶ erased
--   claim confirmed ────▶ handed_over                        downloaded
--
-- A row is written in the transaction of what it tells of. No role may change or delete a row; a superuser who switches the
-- trigger off breaks the chain, and verify_custody names the place. Order of locks: incident, document, custody head;
-- the head is the last row lock that a transaction takes.

create table public.custody_events (
  incident_id uuid not null,
  number bigint not null,
  event text not null,
  document_id uuid,
  report_id uuid,
  sha256 text,
  byte_size bigint,
  actor text not null,
  actor_id uuid,
  note text,
  occurred_at timestamptz not null,
  previous_hash text not null,
  hash text not null,
  primary key (incident_id, number),
  constraint custody_events_event_is_known check (
    event in ('received', 'kept', 'derived', 'viewed', 'downloaded', 'included_in_report', 'handed_over', 'erased')
  ),
  constraint custody_events_actor_is_known check (actor in ('user', 'service', 'database')),
  constraint custody_events_note_is_one_short_line check (note !~ '[\n\r]' and char_length(note) <= 500)
);
comment on table public.custody_events is
  'What happened to the files of an incident, as a chain of hashes. Rows stay when the incident is deleted: they have no foreign key.';
comment on column public.custody_events.number is 'From 1, without gaps, per incident.';
comment on column public.custody_events.sha256 is 'SHA-256 of the original, or of the report''s PDF; lower case hex.';
comment on column public.custody_events.byte_size is 'Size of the original, or of the report''s PDF, in bytes.';
comment on column public.custody_events.actor is
  'user: a signed-in user, see actor_id; service: a function with the secret key; database: a schedule or plain SQL.';
comment on column public.custody_events.actor_id is 'The signed-in user; null for the other actors.';
comment on column public.custody_events.note is
  'Where a file came from (form, upload, and the host of its address), or why it was erased.';
comment on column public.custody_events.previous_hash is 'The hash of the row before; 64 zeros in the first row.';
comment on column public.custody_events.hash is 'SHA-256 of the row''s canonical text, see private.custody_text; lower case hex.';
create index custody_events_document_id_idx on public.custody_events (document_id);

alter table public.custody_events enable row level security;
create policy "Members can read the custody log of their incidents"
on public.custody_events for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.custody_events from public, anon, authenticated, service_role;
grant select on table public.custody_events to authenticated, service_role;

create table private.custody_heads (
  incident_id uuid primary key,
  number bigint not null,
  hash text not null
)
with (fillfactor = 50);
comment on table private.custody_heads is
  'Number and hash of the last row of each chain. The row is locked until commit, so chains have no gaps and no forks.';
alter table private.custody_heads enable row level security;
revoke all on table private.custody_heads from public, anon, authenticated, service_role;

create function private.tg_custody_events__refuse()
returns trigger
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  raise exception 'evidence_is_kept' using
    errcode = 'PT409', detail = 'Rows of the custody log are never changed or deleted.';
end;
$$;
comment on function private.tg_custody_events__refuse() is 'Refuses every change of written rows, for every role.';
revoke execute on function private.tg_custody_events__refuse() from public, anon, authenticated;

create trigger tg_custody_events__refuse
before update or delete or truncate on public.custody_events
for each statement execute function private.tg_custody_events__refuse();

create function private.custody_text(p_event public.custody_events)
returns text
language sql
-- Stable, as the time is written in UTC whatever the session's time zone is.
stable
parallel safe
security invoker
set search_path = ''
as $$
  select pg_catalog.concat_ws(
    E'\n',
    'claimwire-custody-1',
    p_event.previous_hash,
    p_event.incident_id,
    p_event.number,
    p_event.event,
    coalesce(p_event.document_id::text, ''),
    coalesce(p_event.report_id::text, ''),
    coalesce(p_event.sha256, ''),
    coalesce(p_event.byte_size::text, ''),
    p_event.actor,
    coalesce(p_event.actor_id::text, ''),
    coalesce(p_event.note, ''),
    pg_catalog.to_char(p_event.occurred_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  );
$$;
comment on function private.custody_text(public.custody_events) is
  'The canonical text of a row: thirteen lines without a line break at the end, absent values as empty lines. docs/evidence.md describes each line.';
revoke execute on function private.custody_text(public.custody_events) from public, anon, authenticated;

create function private.custody_hash(p_event public.custody_events)
returns text
language sql stable parallel safe security invoker set search_path = ''
as $$
  select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(private.custody_text(p_event), 'UTF8')), 'hex');
$$;
comment on function private.custody_hash(public.custody_events) is 'SHA-256 of the canonical text in UTF-8, lower case hex.';
revoke execute on function private.custody_hash(public.custody_events) from public, anon, authenticated;

create function private.add_custody_event(
  p_incident_id uuid,
  p_event text,
  p_document_id uuid default null,
  p_sha256 text default null,
  p_byte_size bigint default null,
  p_note text default null,
  p_report_id uuid default null
)
returns void
language plpgsql volatile
-- Definer: no caller may write the log by itself.
security definer set search_path = ''
as $$
declare
  v_event public.custody_events;
begin
  insert into private.custody_heads as head (incident_id, number, hash)
  values (p_incident_id, 0, pg_catalog.repeat('0', 64))
  on conflict (incident_id) do nothing;
  select head.number + 1, head.hash
  into v_event.number, v_event.previous_hash
  from private.custody_heads as head
  where head.incident_id = p_incident_id
  for update;

  v_event.incident_id := p_incident_id;
  v_event.event := p_event;
  v_event.document_id := p_document_id;
  v_event.report_id := p_report_id;
  v_event.sha256 := p_sha256;
  v_event.byte_size := p_byte_size;
  v_event.actor_id := auth.uid();
  v_event.actor := case
    when v_event.actor_id is not null then 'user'
    when auth.role() = 'service_role' then 'service'
    else 'database'
  end;
  v_event.note := pg_catalog.left(pg_catalog.translate(p_note, E'\n\r', '  '), 500);
  -- With the head in hand: times of a chain never go back while the clock does not.
  v_event.occurred_at := pg_catalog.clock_timestamp();
  v_event.hash := private.custody_hash(v_event);
  insert into public.custody_events values (v_event.*);
  update private.custody_heads as head
  set number = v_event.number, hash = v_event.hash
  where head.incident_id = p_incident_id;
end;
$$;
comment on function private.add_custody_event(uuid, text, uuid, text, bigint, text, uuid) is
  'Appends a row to the custody log of an incident and moves its head. Takes the head''s lock until commit.';
revoke execute on function private.add_custody_event(uuid, text, uuid, text, bigint, text, uuid) from public, anon, authenticated;

create function private.tg_documents__log_received()
returns trigger
language plpgsql volatile
-- Definer: a role that adds documents may not write the log.
security definer set search_path = ''
as $$
begin
  perform private.add_custody_event(
    document.incident_id, 'received', document.id,
    p_note => case
      when document.source_path is not null then 'upload'
      when document.source_url is not null
      then 'form, ' || coalesce(substring(document.source_url from '^[a-z]+://([^/?#]{1,255})'), 'unknown host')
      else 'unknown'
    end
  )
  from (select * from new_documents order by incident_id, created_at, id) as document;
  return null;
end;
$$;
comment on function private.tg_documents__log_received() is 'Writes into the custody log that documents were received, and from where.';
revoke execute on function private.tg_documents__log_received() from public, anon, authenticated;

create trigger tg_documents__log_received
after insert on public.documents
referencing new table as new_documents
for each statement execute function private.tg_documents__log_received();

create function private.tg_documents__log_change()
returns trigger
language plpgsql volatile
-- Definer: as tg_documents__log_received.
security definer set search_path = ''
as $$
begin
  if old.sha256 is null and new.sha256 is not null then
    perform private.add_custody_event(new.incident_id, 'kept', new.id, new.sha256, new.byte_size);
  end if;
  if (old.preview_path is null and new.preview_path is not null)
    or (old.thumbnail_path is null and new.thumbnail_path is not null)
  then
    perform private.add_custody_event(new.incident_id, 'derived', new.id, new.sha256, new.byte_size);
  end if;
  return null;
end;
$$;
comment on function private.tg_documents__log_change() is
  'Writes into the custody log that an original was kept or that pictures were derived from it.';
revoke execute on function private.tg_documents__log_change() from public, anon, authenticated;

create trigger tg_documents__log_change
after update of sha256, preview_path, thumbnail_path on public.documents
for each row execute function private.tg_documents__log_change();

create function private.tg_documents__log_erased()
returns trigger
language plpgsql volatile
-- Definer: as tg_documents__log_received. Rows also go with their incident or their user.
security definer set search_path = ''
as $$
begin
  perform private.add_custody_event(
    document.incident_id, 'erased', document.id, document.sha256, document.byte_size,
    -- Set by erase_document and erase_incident for their transaction.
    coalesce(
      nullif(pg_catalog.current_setting('claimwire.erasure_reason', true), ''), 'deleted with its incident or its owner'
    )
  )
  from (select * from old_documents order by incident_id, created_at, id) as document;
  return null;
end;
$$;
comment on function private.tg_documents__log_erased() is 'Writes into the custody log that documents were erased, with hash and reason.';
revoke execute on function private.tg_documents__log_erased() from public, anon, authenticated;

create trigger tg_documents__log_erased
after delete on public.documents
referencing old table as old_documents
for each statement execute function private.tg_documents__log_erased();

create function private.tg_reports__log_included()
returns trigger
language plpgsql volatile
-- Definer: as tg_documents__log_received.
security definer set search_path = ''
as $$
begin
  perform private.add_custody_event(
    new.incident_id, 'included_in_report', null, new.sha256, new.file_size,
    pg_catalog.format(
      '%s originals', (
        select pg_catalog.count(*)
        from public.documents as document
        where document.incident_id = new.incident_id and document.sha256 is not null
      )
    ),
    new.id
  );
  return null;
end;
$$;
comment on function private.tg_reports__log_included() is 'Writes into the custody log that a report with the list of originals was made.';
revoke execute on function private.tg_reports__log_included() from public, anon, authenticated;

create trigger tg_reports__log_included
after update of sha256 on public.reports
for each row when (new.sha256 is not null and new.sha256 is distinct from old.sha256)
execute function private.tg_reports__log_included();

create function public.custody_head(p_incident_id uuid)
returns table (number bigint, hash text)
language sql stable
-- Definer: the heads are closed to API roles. Members and services read the head of an incident they may see.
security definer set search_path = ''
as $$
  select head.number, head.hash
  from private.custody_heads as head
  where head.incident_id = p_incident_id
    and (private.is_incident_member(p_incident_id) or auth.role() = 'service_role');
$$;
comment on function public.custody_head(uuid) is
  'Number and hash of the last row of an incident''s custody log; no row for others than members. Printed on reports: whoever has the hash can prove the log up to there.';
revoke execute on function public.custody_head(uuid) from public, anon, authenticated, service_role;
grant execute on function public.custody_head(uuid) to authenticated, service_role;

create function private.check_custody(p_incident_id uuid)
returns table (
  intact boolean,
  events bigint,
  head text,
  problem text,
  number bigint,
  document_id uuid,
  detail text
)
-- Stable: all of its statements read one snapshot, so that an event that is written meanwhile is no finding.
language plpgsql stable
-- Invoker: called by verify_custody, which is a definer.
security invoker set search_path = ''
as $$
declare
  v_event public.custody_events;
  v_head private.custody_heads;
  v_finding record;
begin
  intact := false;
  events := 0;
  head := pg_catalog.repeat('0', 64);

  -- The chain by itself: numbers, links, and each row's own hash.
  for v_event in
    select event.* from public.custody_events as event where event.incident_id = p_incident_id order by event.number
  loop
    number := v_event.number;
    document_id := v_event.document_id;
    if v_event.number <> events + 1 then
      problem := 'event_missing';
      detail := pg_catalog.format('Event %s is followed by event %s.', events, v_event.number);
    elsif v_event.previous_hash <> head then
      problem := 'event_not_linked';
      detail := 'The event does not hold the hash of the event before: one of the two was changed or put in.';
    elsif private.custody_hash(v_event) <> v_event.hash then
      problem := 'event_changed';
      detail := 'The event''s hash is not that of its text.';
    end if;
    if problem is not null then
      return next;
      return;
    end if;
    events := v_event.number;
    head := v_event.hash;
  end loop;
  number := null;
  document_id := null;

  select * into v_head from private.custody_heads as kept where kept.incident_id = p_incident_id;
  if coalesce(v_head.number, 0) <> events or coalesce(v_head.hash, pg_catalog.repeat('0', 64)) <> head then
    problem := 'events_missing_at_the_end';
    number := events;
    detail := pg_catalog.format('The head says %s events.', coalesce(v_head.number, 0));
    return next;
    return;
  end if;

  -- The rows and objects of today against the log.
  select finding.* into v_finding
  from (
    select
      coalesce(kept.number, received.number) as number,
      coalesce(document.id, kept.document_id, received.document_id) as document_id,
      case
        when document.id is null then 'document_missing'
        when received.number is null then 'document_not_logged'
        when document.sha256 is null and kept.number is null then null
        when kept.number is null then 'original_not_logged'
        when document.sha256 is distinct from kept.sha256 or document.byte_size is distinct from kept.byte_size
        then 'document_changed'
        when document.original_path is null or pg_catalog.strpos(document.original_path, kept.sha256) = 0
        then 'document_changed'
        when object.name is null then 'original_missing'
        when (object.metadata ->> 'size')::bigint is distinct from kept.byte_size then 'original_changed'
      end as problem
    from (select event.* from public.custody_events as event where event.incident_id = p_incident_id and event.event = 'received')
      as received
    full join (select row.* from public.documents as row where row.incident_id = p_incident_id) as document
      on document.id = received.document_id
    left join public.custody_events as kept
      on kept.incident_id = p_incident_id
      and kept.event = 'kept'
      and kept.document_id = coalesce(document.id, received.document_id)
    left join storage.objects as object on object.bucket_id = 'originals' and object.name = document.original_path
    where not exists (
      select from public.custody_events as erased
      where erased.incident_id = p_incident_id
        and erased.event = 'erased'
        and erased.document_id = coalesce(document.id, received.document_id)
        -- A row that is there again after its erasure is a finding.
        and document.id is null
    )
  ) as finding
  where finding.problem is not null
  order by finding.number, finding.document_id
  limit 1;
  if found then
    problem := v_finding.problem;
    number := v_finding.number;
    document_id := v_finding.document_id;
    detail := case v_finding.problem
      when 'document_missing' then 'The log has a document that is not there, and no erasure of it.'
      when 'document_not_logged' then 'There is a document that the log does not know.'
      when 'original_not_logged' then 'The document has an original that the log does not know.'
      when 'document_changed' then 'Hash, size or place of the original are not those of the log.'
      when 'original_missing' then 'Storage has no object where the original should be.'
      when 'original_changed' then 'The object in Storage has another size than the original.'
    end;
    return next;
    return;
  end if;

  intact := true;
  return next;
end;
$$;
comment on function private.check_custody(uuid) is
  'Recomputes the custody log of an incident and compares documents and objects with it. One row: intact, or the first problem with its event or document.';
revoke execute on function private.check_custody(uuid) from public, anon, authenticated, service_role;

create function public.verify_custody(p_incident_id uuid)
returns table (
  intact boolean,
  events bigint,
  head text,
  problem text,
  number bigint,
  document_id uuid,
  detail text
)
language plpgsql volatile
-- Definer: compares with heads and with objects of Storage, which members cannot read.
security definer set search_path = ''
as $$
begin
  perform private.count_call('verify_custody');
  if not private.is_incident_member(p_incident_id) and auth.role() is distinct from 'service_role' then
    raise exception 'incident_not_found' using errcode = 'PT404', detail = 'There is no such incident.';
  end if;
  return query select checked.* from private.check_custody(p_incident_id) as checked;
end;
$$;
comment on function public.verify_custody(uuid) is
  'Recomputes the custody log of an incident and compares documents and objects with it. One row: intact, or the first problem with its event or document. The bytes are compared by npm run verify. Errors: rate_limited, incident_not_found.';
revoke execute on function public.verify_custody(uuid) from public, anon, authenticated, service_role;
grant execute on function public.verify_custody(uuid) to authenticated, service_role;
