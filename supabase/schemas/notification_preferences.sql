-- Preferences: what a user wants of each kind of message. They are applied when a message is published: `nothing` takes no
-- number and stores no row, `inbox` marks the message as quiet, so that pages show no toast.
--
--   kind            messages
--   work_started    a job is queued or claimed; only to the job's user
--   work_done       a job is completed
--   work_failed     a job has failed
--   report          a report is ready
--   note            note_added
--   mention         mentioned
--   people          member_added, member_removed
--   assignment      assigned
--   state           incident_state
--   new_case        incident_added

create table public.notification_preferences (
  user_id uuid not null references auth.users (id) on delete cascade,
  kind text not null,
  choice text not null,
  primary key (user_id, kind),
  constraint notification_preferences_kind_is_known check (
    kind in (
      'work_started', 'work_done', 'work_failed', 'report', 'note', 'mention', 'people', 'assignment', 'state', 'new_case'
    )
  ),
  constraint notification_preferences_choice_is_known check (choice in ('page', 'inbox', 'nothing'))
);
comment on table public.notification_preferences is
  'Choices of users that differ from the defaults of private.notification_choice.';
comment on column public.notification_preferences.choice is
  'page: toast and inbox. inbox: no toast. nothing: no notification.';
alter table public.notification_preferences enable row level security;
create policy "People can read their own preferences"
on public.notification_preferences for select to authenticated
using (user_id = (select auth.uid()));
revoke all on table public.notification_preferences from public, anon, authenticated, service_role;
grant select on table public.notification_preferences to authenticated, service_role;

create function private.notification_choice(p_kind text, p_reason text, p_muted boolean, p_preferred text) returns text
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  -- Messages that name the user are not part of what a muted incident keeps from the user.
  if p_muted and p_kind not in ('mention', 'new_case') then
    return 'nothing';
  end if;
  if p_preferred is not null then
    return p_preferred;
  end if;
  -- The owner waits for the work; for handlers, work that went well is no reason to look up.
  if p_reason is distinct from 'owner' and p_reason is not null and p_kind in ('work_done', 'people') then
    return 'inbox';
  end if;
  return 'page';
end;
$$;
comment on function private.notification_choice(text, text, boolean, text) is
  'What a user gets of a kind of message: page, inbox or nothing, by mute, preference, and the default for the reason.';
revoke execute on function private.notification_choice(text, text, boolean, text) from public, anon, authenticated;

create function public.set_notification_preference(p_kind text, p_choice text default null) returns void
language plpgsql volatile
-- Definer: people write no table. The function writes the caller's own row.
security definer set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  perform private.check_size('p_kind', pg_catalog.octet_length(p_kind), 256);
  perform private.check_size('p_choice', pg_catalog.octet_length(p_choice), 256);
  perform private.count_call('set_notification_preference');
  if v_user_id is null then
    raise exception 'not_signed_in' using errcode = 'PT401', detail = 'Only a signed-in user has preferences.';
  end if;
  if p_choice is null then
    delete from public.notification_preferences as preference
    where preference.user_id = v_user_id and preference.kind = p_kind;
    return;
  end if;
  insert into public.notification_preferences as preference (user_id, kind, choice)
  values (v_user_id, p_kind, p_choice)
  on conflict (user_id, kind) do update set choice = excluded.choice;
exception
  when check_violation or not_null_violation then
    raise exception 'invalid_arguments' using
      errcode = 'PT400', detail = 'p_kind is a kind of docs/messages.md, p_choice is page, inbox, nothing or null.';
end;
$$;
comment on function public.set_notification_preference(text, text) is
  'Sets what the caller wants of a kind of message: page, inbox or nothing; null returns to the default. Errors: message_too_large, rate_limited, not_signed_in, invalid_arguments.';
revoke execute on function public.set_notification_preference(text, text) from public, anon, authenticated, service_role;
grant execute on function public.set_notification_preference(text, text) to authenticated;
