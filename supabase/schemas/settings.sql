-- Limits that an operator may change, in one row. They are enforced in the database, so they hold wherever it runs:
--
--   update private.limits set max_devices = 10;

create table private.limits (
  only_row boolean primary key default true,
  max_devices integer not null default 5,
  device_silence_seconds integer not null default 60,
  devices_must_register boolean not null default true,
  send_rate double precision not null default 20,
  send_burst integer not null default 40,
  max_open_uploads integer not null default 100,
  max_incident_documents integer not null default 1000,
  constraint limits_are_one_row check (only_row),
  constraint limits_max_devices_is_positive check (max_devices > 0),
  -- Browsers let a hidden page's timers fire once a minute.
  constraint limits_device_silence_is_bearable check (device_silence_seconds >= 10),
  constraint limits_send_rate_is_positive check (send_rate > 0 and send_rate < 'infinity'),
  -- The largest message takes 4 tokens.
  constraint limits_send_burst_lets_the_largest_pass check (send_burst >= 4),
  constraint limits_max_open_uploads_is_positive check (max_open_uploads > 0),
  constraint limits_max_incident_documents_is_positive check (max_incident_documents > 0)
);
comment on table private.limits is 'Limits of what clients may do, in one row.';
comment on column private.limits.max_devices is 'Live devices of a user.';
comment on column private.limits.device_silence_seconds is 'A device that was silent for so long is not live any more.';
comment on column private.limits.devices_must_register is
  'Whether private channels are open only to sign-ins with a registered live device; false: to every sign-in.';
comment on column private.limits.send_rate is 'Tokens a second that a user gets for messages; one pays for up to 16 KB.';
comment on column private.limits.send_burst is 'Tokens that a user may save up.';
comment on column private.limits.max_open_uploads is
  'Files that a user may have in the bucket uploads at a time, each at most 25 MB.';
comment on column private.limits.max_incident_documents is
  'Documents of an incident beyond which members can add none; what forms send is not counted against them.';
-- Closed to every API role; functions of ours read it with their owner's rights.
alter table private.limits enable row level security;
revoke all on table private.limits from public, anon, authenticated, service_role;

-- How long a nudge counts as a taken place: as long as a function has for its answer.
create function private.nudge_hold()
returns interval
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select interval '10 seconds';
$$;
comment on function private.nudge_hold() is 'How long a nudge holds a place for its job.';
revoke execute on function private.nudge_hold() from public, anon, authenticated;

-- A little less than a sweep's period: a nudge that had no effect is repeated by the next sweep.
create function private.nudge_patience()
returns interval
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select interval '25 seconds';
$$;
comment on function private.nudge_patience() is 'How long a nudge has for its effect before it is repeated.';
revoke execute on function private.nudge_patience() from public, anon, authenticated;
