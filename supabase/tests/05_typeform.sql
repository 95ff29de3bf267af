-- receive_typeform_response: answers become an incident, files become documents and jobs, once.

begin;
select plan(35);

insert into auth.users (id, email) values
  ('a0000000-0000-4000-8000-000000000001', 'ann@typeform.test'),
  ('b0000000-0000-4000-8000-000000000002', 'bob@typeform.test');

create temporary table response (name text primary key, body jsonb, received jsonb);
grant select, update on response to service_role;
insert into response (name, body) values
  ('full', '{
    "event_id": "E1", "event_type": "form_response",
    "form_response": {
      "form_id": "F1", "token": "token_full", "submitted_at": "2026-10-31T22:00:00Z",
      "hidden": {"user_id": "a0000000-0000-4000-8000-000000000001"},
      "definition": {"fields": [
        {"id": "q1", "ref": "name", "type": "short_text", "title": "Your name"},
        {"id": "q2", "ref": "incident_title", "type": "short_text", "title": "In a few words"},
        {"id": "q3", "ref": "description", "type": "long_text", "title": "What happened?"},
        {"id": "q4", "ref": "birthday", "type": "date", "title": "Born"},
        {"id": "q5", "ref": "incident_date", "type": "date", "title": "When?"}
      ]},
      "answers": [
        {"type": "text", "text": "Ann", "field": {"id": "q1", "ref": "name", "type": "short_text"}},
        {"type": "text", "text": "Rear-ended  at the lights\u0007", "field": {"id": "q2", "ref": "incident_title", "type": "short_text"}},
        {"type": "text", "text": "I stood.\nThey did not.\u202e", "field": {"id": "q3", "ref": "description", "type": "long_text"}},
        {"type": "date", "date": "1980-01-01", "field": {"id": "q4", "ref": "birthday", "type": "date"}},
        {"type": "date", "date": "2026-10-30", "field": {"id": "q5", "ref": "incident_date", "type": "date"}},
        {"type": "email", "email": "ann@typeform.test", "field": {"id": "q6", "ref": "mail", "type": "email"}},
        {"type": "boolean", "boolean": true, "field": {"id": "q7", "ref": "injured", "type": "yes_no"}},
        {"type": "number", "number": 2, "field": {"id": "q8", "ref": "cars", "type": "number"}},
        {"type": "choice", "choice": {"label": "Rain"}, "field": {"id": "q9", "ref": "weather", "type": "multiple_choice"}},
        {"type": "choices", "choices": {"labels": ["Front", "Rear"], "other": "Roof"}, "field": {"id": "q10", "ref": "damage", "type": "multiple_choice"}},
        {"type": "file_url", "file_url": "https://api.typeform.com/responses/files/ab/my%20c%C3%A4r.JPG?x=/y.mp3", "field": {"id": "q11", "ref": "photos", "type": "file_upload"}},
        {"type": "file_url", "file_url": "https://files.test/note.m4a", "field": {"id": "q12", "ref": "voice_note", "type": "file_upload"}},
        {"type": "file_url", "file_url": "https://files.test/police.pdf", "field": {"id": "q13", "ref": "photos", "type": "file_upload"}},
        {"type": "file_url", "file_url": "https://files.test/second.heic", "field": {"id": "q14", "ref": "photos", "type": "file_upload"}}
      ]
    }
  }'),
  ('by type', '{"form_response": {
    "token": "token_by_type", "submitted_at": "2026-10-31T22:00:00Z",
    "answers": [
      {"type": "text", "text": "A short one", "field": {"id": "a", "type": "short_text"}},
      {"type": "text", "text": "A long one", "field": {"id": "b", "type": "long_text"}},
      {"type": "date", "date": "2026-02-31", "field": {"id": "c", "type": "date"}},
      {"type": "date", "date": "2026-03-01T10:00:00Z", "field": {"id": "d", "type": "date"}},
      {"type": "file_url", "file_url": "https://files.test/download", "field": {"id": "e", "ref": "a_photo"}}
    ]}}'),
  ('empty', '{"form_response": {"token": "token_empty", "submitted_at": "2026-10-31T22:00:00Z", "answers": []}}'),
  ('bare', '{"form_response": {"token": "token_bare"}}');

set local role service_role;
update response
set received = public.receive_typeform_response(body, 'a0000000-0000-4000-8000-000000000001');

create function pg_temp.incident(p_name text)
returns public.incidents
language sql
as $$
  select i from public.incidents i join response r on i.id = (r.received ->> 'incident_id')::uuid where r.name = p_name
$$;

select results_eq(
  $$ select title, description, occurred_on, reporter_email, source, source_token, user_id from pg_temp.incident('full') $$,
  $$ values ('Rear-ended  at the lights', E'I stood.\nThey did not.', '2026-10-30'::date, 'ann@typeform.test', 'typeform',
    'token_full', 'a0000000-0000-4000-8000-000000000001'::uuid) $$,
  'fields are taken by name and cleaned'
);
select is(
  (pg_temp.incident('full')).answers -> 6,
  '{"ref": "injured", "question": null, "type": "boolean", "value": true}'::jsonb, 'a yes is kept as one'
);
select is((pg_temp.incident('full')).answers #> '{7,value}', '2'::jsonb, 'a number is kept as one');
select is((pg_temp.incident('full')).answers #> '{8,value}', '"Rain"'::jsonb, 'a choice is kept by its label');
select is((pg_temp.incident('full')).answers #> '{9,value}', '["Front", "Rear", "Roof"]'::jsonb, 'choices are a list');
select is((pg_temp.incident('full')).answers #>> '{1,question}', 'In a few words', 'answers have their questions');
select is(jsonb_array_length((pg_temp.incident('full')).answers), 14, 'all answers are kept');
select results_eq(
  $$ select m.user_id, m.role from public.incident_members m where m.incident_id = (pg_temp.incident('full')).id $$,
  $$ values ('a0000000-0000-4000-8000-000000000001'::uuid, 'owner') $$,
  'the user is the owner'
);
select results_eq(
  $$ select kind, document_type, file_name, source_ref, source_url like 'https://%', job_id is not null
     from public.documents where incident_id = (pg_temp.incident('full')).id order by created_at $$,
  $$ values
    ('photo', 'photo', 'my cär.JPG', 'photos', true, true),
    ('audio', 'audio', 'note.m4a', 'voice_note', true, true),
    ('attachment', 'attachment', 'police.pdf', 'photos', true, true),
    ('photo', 'photo', 'second.heic', 'photos', true, true) $$,
  'each file is a document, in the order of the form; all have a job'
);
select results_eq(
  $$ select j.kind, j.status::text, j.user_id, j.subject_id = d.id, j.incident_id = d.incident_id, j.input
     from public.jobs j join public.documents d on d.job_id = j.id
     where d.incident_id = (pg_temp.incident('full')).id and d.kind = 'photo' order by j.created_at $$,
  $$ select 'image', 'queued', 'a0000000-0000-4000-8000-000000000001'::uuid, true, true,
       jsonb_build_object('documentId', d.id, 'documentType', 'photo')
     from public.documents d where d.incident_id = (pg_temp.incident('full')).id and d.kind = 'photo' order by d.created_at $$,
  'the job knows its document'
);
select results_eq(
  $$ select d.kind, j.kind, j.subject_id = coalesce(t.id, d.id), j.queue_id is not distinct from t.id, t.job_id is not distinct from case d.kind when 'audio' then j.id end
     from public.documents d
     join public.jobs j on j.id = d.job_id
     left join public.transcriptions t on t.document_id = d.id
     where d.incident_id = (pg_temp.incident('full')).id and d.kind <> 'photo' order by d.created_at $$,
  $$ values ('audio', 'transcription', true, true, true), ('attachment', 'image', true, true, true) $$,
  'a voice note is transcribed, an attachment is kept'
);
select is(
  (select received from response where name = 'full'),
  (select jsonb_build_object(
    'incident_id', (pg_temp.incident('full')).id,
    'user_id', 'a0000000-0000-4000-8000-000000000001',
    'document_ids', (select jsonb_agg(id order by created_at) from public.documents where incident_id = (pg_temp.incident('full')).id),
    'job_ids', (select jsonb_agg(id order by created_at) from public.jobs where incident_id = (pg_temp.incident('full')).id),
    'duplicate', false
  )),
  'the answer lists what was made'
);

select results_eq(
  $$ select title, description, occurred_on from pg_temp.incident('by type') $$,
  $$ values ('A short one', 'A long one', '2026-03-01'::date) $$,
  'for fields without names the type of the answer decides; an invalid date is ignored'
);
select results_eq(
  $$ select kind, file_name from public.documents where incident_id = (pg_temp.incident('by type')).id $$,
  $$ values ('photo', 'download') $$,
  'a file without an extension gets its kind from the name of its field'
);
select results_eq(
  $$ select private.document_kind(file_name, field_ref) from (values
       ('scan.PDF', 'photos'), ('note', 'voice_note'), ('page.html', 'upload'), ('download', 'upload'), (null, null)
     ) as file (file_name, field_ref) $$,
  $$ values ('attachment'), ('audio'), ('photo'), ('photo'), ('photo') $$,
  'a file of unknown kind becomes a photo, whose failure the user is told'
);
select is((pg_temp.incident('empty')).title, 'Crash report of 2026-10-31', 'a response without a title gets the day as title');
select is((pg_temp.incident('bare')).title, 'Crash report of ' || current_date, 'a response without title and day gets today''s date as title');
select is(
  (select received - 'incident_id' from response where name = 'bare'),
  '{"user_id": "a0000000-0000-4000-8000-000000000001", "document_ids": [], "job_ids": [], "duplicate": false}'::jsonb,
  'a response without files has no documents and no jobs'
);

-- Once
select is(
  public.receive_typeform_response((select body from response where name = 'full'), 'b0000000-0000-4000-8000-000000000002'),
  (select received || '{"duplicate": true}' from response where name = 'full'),
  'a repeated response returns the same ids, also for another user'
);
select is((select count(*) from public.incidents where source_token = 'token_full'), 1::bigint, 'a repeated response creates one incident');

-- Refusals
select throws_ok(
  format('select public.receive_typeform_response(%L, %L)', body, 'a0000000-0000-4000-8000-000000000001'),
  'PT400', 'invalid_form_response', 'refuses ' || coalesce(body, 'null')
)
from (values
  (null), ('null'), ('[]'), ('"text"'), ('{}'), ('{"form_response": []}'), ('{"form_response": {"token": 5}}'),
  ('{"form_response": {"token": "a b"}}'), ('{"form_response": {"token": "t", "answers": {}}}'),
  ('{"form_response": {"token": "t", "answers": [1]}}'),
  ('{"form_response": {"token": "t", "answers": [{"text": "no type"}]}}'),
  ('{"form_response": {"token": "t", "answers": [{"type": "file_url", "file_url": 5}]}}')
) as invalid (body);
select throws_ok(
  $$ select public.receive_typeform_response('{"form_response": {"token": "t"}}', gen_random_uuid()) $$,
  'PT422', 'user_unknown', 'a response for an unknown user is refused'
);
select throws_ok(
  $$ select public.receive_typeform_response('{"form_response": {"token": "t"}}', null) $$,
  'PT422', 'user_unknown', 'a response without a user is refused'
);

-- Names of files are for display and never a path.
reset role;
select results_eq(
  $$ select private.url_file_name(url) from unnest(array[
       'https://x.test/a/%2E%2E%2Fetc%2Fpasswd', 'https://x.test/C%3A%5Ctemp%5Ca.jpg', 'https://x.test/', 'https://x.test',
       'https://x.test/%00.jpg', 'https://x.test/%ff.jpg', 'https://x.test/100%.jpg', ''
     ]) as url $$,
  array['passwd', 'a.jpg', null, null, '%00.jpg', '%ff.jpg', '100%.jpg', null],
  'file names have no folders and no control characters'
);

select * from finish();
rollback;
