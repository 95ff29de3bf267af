-- The job of a new document. A document that is inserted without a job gets one by a trigger: a voice note a
-- transcription, a photo or attachment the work of process-image, which fetches, hashes and keeps the file. So code that
-- inserts documents need not know the kinds of jobs.

create function private.start_document_work(p_document_ids uuid[]) returns void
language sql volatile security invoker set search_path = ''
as $$
  with work as materialized (
    select
      document.id as document_id, document.incident_id, document.user_id, document.kind, document.document_type,
      document.created_at,
      pg_catalog.gen_random_uuid() as job_id,
      pg_catalog.gen_random_uuid() as transcription_id
    from public.documents as document
    where document.id = any (p_document_ids) and document.job_id is null
  ),
  job as (
    insert into public.jobs (id, kind, user_id, incident_id, queue_id, subject_id, input, created_at)
    select
      work.job_id,
      case work.kind when 'audio' then 'transcription' else 'image' end,
      work.user_id,
      work.incident_id,
      case work.kind when 'audio' then work.transcription_id end,
      case work.kind when 'audio' then work.transcription_id else work.document_id end,
      pg_catalog.jsonb_build_object('documentId', work.document_id, 'documentType', work.document_type),
      work.created_at
    from work
  ),
  transcription as (
    insert into public.transcriptions (id, document_id, incident_id, user_id, job_id, created_at)
    select work.transcription_id, work.document_id, work.incident_id, work.user_id, work.job_id, work.created_at
    from work
    where work.kind = 'audio'
  )
  update public.documents as document
  set job_id = work.job_id
  from work
  where document.id = work.document_id;
$$;
comment on function private.start_document_work(uuid[]) is
  'Inserts the job of each of the documents that has none; for voice notes, the transcription as well. The queue_id of a transcription''s job is the transcription''s id.';
revoke execute on function private.start_document_work(uuid[]) from public, anon, authenticated;
grant execute on function private.start_document_work(uuid[]) to service_role;

create function private.tg_documents__start_work() returns trigger
language plpgsql volatile
-- Definer: a role that may insert documents need not be able to insert jobs.
security definer set search_path = ''
as $$
declare
  v_document_ids uuid[];
begin
  select pg_catalog.array_agg(document.id)
  into v_document_ids
  from new_documents as document
  where document.job_id is null;

  if v_document_ids is not null then
    perform private.start_document_work(v_document_ids);
  end if;
  return null;
end;
$$;
comment on function private.tg_documents__start_work() is 'Inserts the jobs of documents that are inserted without one.';
revoke execute on function private.tg_documents__start_work() from public, anon, authenticated;

create trigger tg_documents__start_work
after insert on public.documents
referencing new table as new_documents
for each statement execute function private.tg_documents__start_work();
