-- Case notes: what the members of an incident write to each other. Notes are never changed or deleted.
--
--   add_case_note ──▶ size ──▶ rate ──▶ member? ──▶ text ──▶ row, once per id
--     ──▶ note_added and mentioned to the followers ──▶ broadcast on the incident's topic
--
-- A mention is the id of a member, stored with the note. Who is mentioned follows the incident from then on.
--
-- The client chooses the note's id. A note that is sent again, because the answer was lost, is the same note.

create table public.case_notes (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references public.incidents (id) on delete cascade,
  author_id uuid references auth.users (id) on delete set null,
  body text not null,
  mentions uuid[] not null default '{}',
  created_at timestamptz not null default now(),
  constraint case_notes_body_is_short check (char_length(body) between 1 and 4000),
  constraint case_notes_mentions_are_few check (cardinality(mentions) <= 20)
);
comment on table public.case_notes is 'Notes of the members of an incident about the case.';
comment on column public.case_notes.id is 'Chosen by the client, so that sending a note twice adds it once.';
comment on column public.case_notes.author_id is 'The writer. Null after the writer''s account was deleted.';
comment on column public.case_notes.mentions is 'Ids of the members whom the note mentions, without order.';
create index case_notes_incident_id_idx on public.case_notes (incident_id, created_at desc, id desc);
create index case_notes_author_id_idx on public.case_notes (author_id);
alter table public.case_notes enable row level security;
create policy "Members can read the notes of their incidents"
on public.case_notes for select to authenticated
using ((select private.is_admin()) or incident_id in (select private.member_incident_ids()));
revoke all on table public.case_notes from public, anon, authenticated, service_role;
grant select on table public.case_notes to authenticated;
grant select, insert, update, delete on table public.case_notes to service_role;

create function public.add_case_note(
  p_incident_id uuid,
  p_body text,
  p_note_id uuid default null,
  p_mentions uuid[] default null
) returns public.case_notes
language plpgsql volatile
-- Definer: people write no table. The function checks what they may write.
security definer set search_path = ''
as $$
declare
  v_max_length constant integer := 4000;
  v_max_mentions constant integer := 20;
  v_at constant timestamptz := pg_catalog.clock_timestamp();
  v_user_id constant uuid := auth.uid();
  v_body text;
  v_mentions uuid[];
  v_note public.case_notes;
begin
  perform private.check_size('p_body', pg_catalog.octet_length(p_body), 32768);
  perform private.check_size('p_mentions', pg_catalog.pg_column_size(p_mentions), 1024);
  perform private.count_call('add_case_note');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user can write notes.';
  end if;
  if not private.is_incident_member(p_incident_id) then
    raise exception 'topic_forbidden' using
      errcode = 'PT403', detail = 'People can write notes about incidents that they are members of, and about no other.';
  end if;
  perform private.refuse_viewer(p_incident_id);
  v_body := private.clean_text(p_body, v_max_length + 1);
  if v_body is null then
    raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'A note has at least one character.';
  end if;
  -- A note that is too long is refused. Cutting it would lose text without a word.
  if pg_catalog.char_length(v_body) > v_max_length then
    raise exception 'message_too_large' using
      errcode = 'PT413', detail = pg_catalog.format('A note has at most %s characters.', v_max_length);
  end if;
  select coalesce(pg_catalog.array_agg(distinct listed.user_id), '{}') into v_mentions
  from unnest(p_mentions) as listed (user_id);
  if pg_catalog.cardinality(v_mentions) > v_max_mentions or exists (
    select from unnest(v_mentions) as listed (user_id)
    where listed.user_id is null or not exists (
      select from public.incident_followers as follower
      where follower.incident_id = p_incident_id and follower.user_id = listed.user_id
    )
  ) then
    raise exception 'invalid_arguments' using
      errcode = 'PT400',
      detail = pg_catalog.format('p_mentions has at most %s ids of members of the incident.', v_max_mentions);
  end if;

  insert into public.case_notes as note (id, incident_id, author_id, body, mentions, created_at)
  values (coalesce(p_note_id, pg_catalog.gen_random_uuid()), p_incident_id, v_user_id, v_body, v_mentions, v_at)
  on conflict (id) do nothing
  returning note.* into v_note;

  if v_note.id is null then
    -- Sent again: returns the note, if it is the caller's own and of this incident.
    select note.* into v_note
    from public.case_notes as note
    where note.id = p_note_id and note.incident_id = p_incident_id and note.author_id = v_user_id;
    if v_note.id is null then
      raise exception 'invalid_arguments' using errcode = 'PT400', detail = 'The id belongs to another note.';
    end if;
    return v_note;
  end if;

  if v_mentions <> '{}' then
    perform private.add_reason(p_incident_id, v_mentions, 'mentioned');
  end if;
  perform private.publish(
    private.news(
      'note',
      private.incident_message(
        'note_added', p_incident_id, v_user_id, v_at, pg_catalog.jsonb_build_object('noteId', v_note.id)
      ),
      null, v_mentions
    ) || array(
      select private.news(
        'mention',
        private.incident_message(
          'mentioned', p_incident_id, v_user_id, v_at,
          pg_catalog.jsonb_build_object('noteId', v_note.id, 'reason', 'mentioned')
        ),
        listed.user_id
      )
      from unnest(v_mentions) as listed (user_id)
    ),
    v_at
  );
  perform private.tell_incident(
    p_incident_id, 'case_notes', v_user_id, pg_catalog.jsonb_build_object('record', pg_catalog.to_jsonb(v_note))
  );
  return v_note;
end;
$$;
comment on function public.add_case_note(uuid, text, uuid, uuid[]) is
  'Adds a note of at most 4,000 characters, with at most 20 mentions of members, and tells the members of the incident, once per p_note_id. Returns the note. Errors: not_signed_in, topic_forbidden, role_forbidden, invalid_arguments, message_too_large, rate_limited.';
revoke execute on function public.add_case_note(uuid, text, uuid, uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.add_case_note(uuid, text, uuid, uuid[]) to authenticated;
