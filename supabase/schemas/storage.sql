-- Storage: private buckets for the files of incidents. Objects are named <incident_id>/<document_id>/<file>, so the
-- first folder says whose they are. Members read; only service_role, which bypasses these policies, writes.

-- try_uuid, as names are chosen by clients: a folder that is no uuid belongs to nobody and raises nothing.
create policy "Members can read the files of their incidents"
on storage.objects for select to authenticated
using (
  bucket_id in ('originals', 'derivatives')
  and private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
);

create policy "Members can read the report files of their incidents"
on storage.objects for select to authenticated
using (
  bucket_id = 'reports'
  and private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
);
