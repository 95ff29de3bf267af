-- Transcriptions: the text of voice notes, with the times of words when the provider gives them. transcripts.sql writes
-- them.

create table public.transcriptions (
  id uuid primary key default gen_random_uuid(),
  document_id uuid not null references public.documents (id) on delete cascade,
  incident_id uuid not null references public.incidents (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  job_id uuid references public.jobs (id) on delete set null,
  provider text,
  model text,
  simulated boolean not null default false,
  language text,
  text text,
  segments jsonb not null default '[]'::jsonb,
  words jsonb not null default '[]'::jsonb,
  duration numeric(10, 3),
  word_count integer,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint transcriptions_segments_are_a_list check (jsonb_typeof(segments) = 'array'),
  constraint transcriptions_words_are_a_list check (jsonb_typeof(words) = 'array'),
  constraint transcriptions_duration_is_not_negative check (duration >= 0),
  constraint transcriptions_word_count_is_not_negative check (word_count >= 0)
);
comment on table public.transcriptions is 'The transcript of a voice note.';
comment on column public.transcriptions.document_id is 'The voice note.';
comment on column public.transcriptions.user_id is 'The owner of the incident when the voice note arrived. Gets the messages of the job.';
comment on column public.transcriptions.job_id is 'The job that transcribes, so that its status is one embed away.';
comment on column public.transcriptions.provider is 'The provider, by the name of its module in transcribe-audio/providers.';
comment on column public.transcriptions.model is 'The provider''s model.';
comment on column public.transcriptions.simulated is 'True: no provider is configured, and the text is a placeholder that says so.';
comment on column public.transcriptions.language is 'BCP 47 tag of the speech, when it is known.';
comment on column public.transcriptions.text is 'The text recognised so far; the whole text once completed_at is set.';
comment on column public.transcriptions.segments is 'Passages such as sentences: [{"start", "end", "text"}], in seconds.';
comment on column public.transcriptions.words is 'Words: [{"start", "end", "word"}], in seconds.';
comment on column public.transcriptions.duration is 'Duration of the audio in seconds.';
comment on column public.transcriptions.completed_at is 'When the whole text was stored.';
create index transcriptions_document_id_idx on public.transcriptions (document_id);
create index transcriptions_incident_id_idx on public.transcriptions (incident_id, created_at);
create index transcriptions_user_id_idx on public.transcriptions (user_id);
create index transcriptions_job_id_idx on public.transcriptions (job_id);
alter table public.transcriptions enable row level security;
create policy "Members can read the transcripts of their incidents"
on public.transcriptions for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.transcriptions from public, anon, authenticated, service_role;
grant select on table public.transcriptions to authenticated;
grant select, insert, update, delete on table public.transcriptions to service_role;
