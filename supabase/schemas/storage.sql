-- Storage: who reads the files of incidents. The buckets are private, and their objects are named
-- <incident_id>/<document_id or report_id>/<file>. Only service_role, which bypasses policies, writes them. The bucket
-- uploads, which members write to and cannot read, is in uploads.sql. Originals are read one by one: open_original in evidence.sql.

-- Clients choose the names they ask for: try_uuid gives null for a folder that is not a uuid, where a cast would raise an
-- error.
create policy "Members can read the pictures made from the files of their incidents"
on storage.objects for select to authenticated
using (
  bucket_id = 'derivatives'
  and (
    (select private.is_admin())
    or private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
  )
);

create policy "Members can read the report files of their incidents"
on storage.objects for select to authenticated
using (
  bucket_id = 'reports'
  and (
    (select private.is_admin())
    or private.try_uuid(split_part(name, '/', 1)) in (select private.member_incident_ids())
  )
);
