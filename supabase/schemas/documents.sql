-- Documents: the files of an incident. The original is kept byte for byte, with its SHA-256, and never changed again
-- (evidence.sql). Preview and thumbnail are derived from the original and can be made again.

create table public.documents (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  job_id uuid references public.jobs (id) on delete set null,
  kind text not null,
  document_type text not null,
  source_url text,
  source_ref text,
  source_path text,
  uploaded_by uuid references auth.users (id) on delete set null,
  file_name text,
  content_type text,
  byte_size bigint,
  sha256 text,
  duplicate_of uuid references public.documents (id) on delete set null,
  received_at timestamptz,
  original_path text,
  preview_path text,
  thumbnail_path text,
  width integer,
  height integer,
  metadata jsonb not null default '{}'::jsonb,
  created_at timestamptz not null default now(),
  constraint documents_kind_is_known check (kind in ('photo', 'audio', 'attachment')),
  constraint documents_byte_size_is_not_negative check (byte_size >= 0),
  constraint documents_sha256_is_hex check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint documents_duplicate_of_another check (duplicate_of <> id),
  constraint documents_size_is_positive check (width > 0 and height > 0),
  constraint documents_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
);
comment on table public.documents is 'A file of an incident: a photo, voice note or attachment.';
comment on column public.documents.user_id is 'The owner of the incident when the document arrived.';
comment on column public.documents.job_id is
  'The job that works on this document, so that its status is one embed away. Null for a moment after the insert.';
comment on column public.documents.document_type is 'Type of the document, shown to people and sent as documentType.';
comment on column public.documents.source_url is 'URL that the file is copied from: the answer of a form.';
comment on column public.documents.source_ref is 'Name of the form field that had the file.';
comment on column public.documents.source_path is
  'Object name in the bucket uploads, for a file from a member''s device. Else null, and source_url is set.';
comment on column public.documents.uploaded_by is
  'The user whose device sent the file. Null for a file that a form sent, and when the user was deleted.';
comment on column public.documents.file_name is 'Name of the file on the sender''s device. For display only, never a path.';
comment on column public.documents.content_type is 'Media type, recognised from the bytes of the original.';
comment on column public.documents.byte_size is 'Size of the original in bytes.';
comment on column public.documents.sha256 is 'SHA-256 of the original, lower case hex.';
comment on column public.documents.duplicate_of is
  'The first document of the incident with the same bytes, whose original this document shares. Null: this is the first.';
comment on column public.documents.received_at is 'When the original was kept first. Working on the document again does not change it.';
comment on column public.documents.original_path is 'Object name in the bucket originals.';
comment on column public.documents.preview_path is 'Object name in the bucket derivatives.';
comment on column public.documents.thumbnail_path is 'Object name in the bucket derivatives.';
comment on column public.documents.width is 'Pixels of the upright original.';
comment on column public.documents.height is 'Pixels of the upright original.';
comment on column public.documents.metadata is 'What the file says about itself, such as the time, position and camera in its EXIF.';
create index documents_incident_id_idx on public.documents (incident_id, created_at);
create index documents_user_id_idx on public.documents (user_id);
create index documents_uploaded_by_idx on public.documents (uploaded_by);
create index documents_original_path_idx on public.documents (original_path);
create index documents_job_id_idx on public.documents (job_id);
create index documents_duplicate_of_idx on public.documents (duplicate_of);
create index documents_incident_id_sha256_idx on public.documents (incident_id, sha256);
create unique index documents_source_path_key on public.documents (source_path);

alter table public.documents enable row level security;
create policy "Members can read the documents of their incidents"
on public.documents for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.documents from public, anon, authenticated, service_role;
grant select on table public.documents to authenticated;
grant select on table public.documents to service_role;
-- What a document says of its original is written by keep_original alone, and documents go by erase_document alone.
grant insert (
  id, incident_id, user_id, job_id, kind, document_type, source_url, source_ref, source_path, uploaded_by, file_name, created_at
) on table public.documents to service_role;
grant update (job_id, kind, document_type, preview_path, thumbnail_path, width, height, metadata)
on table public.documents to service_role;
