-- Settings: the limits that an operator may change, in one row, and constants that several functions share. A constant
-- that one function uses stands in that function.
--
--   update private.limits set max_devices = 10;

create table private.limits (
  only_row boolean primary key default true,
  max_devices integer not null default 5,
  device_silence_seconds integer not null default 60,
  devices_must_register boolean not null default true,
  max_open_uploads integer not null default 100,
  max_open_upload_bytes bigint not null default 1073741824,
  max_incident_documents integer not null default 1000,
  max_incident_members integer not null default 50,
  head_checks_per_second integer not null default 200,
  constraint limits_are_one_row check (only_row),
  constraint limits_max_devices_is_positive check (max_devices > 0),
  -- Browsers let a hidden page's timers fire once a minute.
  constraint limits_device_silence_is_bearable check (device_silence_seconds >= 10),
  constraint limits_max_open_uploads_is_positive check (max_open_uploads > 0),
  constraint limits_max_open_upload_bytes_is_positive check (max_open_upload_bytes > 0),
  constraint limits_max_incident_documents_is_positive check (max_incident_documents > 0),
  constraint limits_max_incident_members_is_positive check (max_incident_members > 0),
  constraint limits_head_checks_per_second_is_positive check (head_checks_per_second > 0)
);
comment on table private.limits is 'Limits of what clients may do, in one row.';
comment on column private.limits.max_devices is 'Live devices of a user.';
comment on column private.limits.device_silence_seconds is 'A device without a heartbeat for this long is no longer live.';
comment on column private.limits.devices_must_register is
  'True: private channels are open only to sign-ins with a registered live device. False: to every sign-in. Set it to false for clients of your own that do not register.';
comment on column private.limits.max_open_uploads is
  'Files that a user may have in the bucket uploads at a time, each at most 25 MB.';
comment on column private.limits.max_open_upload_bytes is 'Bytes that a user may have in the bucket uploads at a time.';
comment on column private.limits.max_incident_documents is
  'Documents of an incident beyond which members can add none. Files of a form are not refused.';
comment on column private.limits.max_incident_members is
  'Members and invitations of an incident beyond which nobody can be added.';
comment on column private.limits.head_checks_per_second is
  'Calls of notification_head() that all pages together make, about. Live devices divided by it are the seconds between two checks of a page, where that is more than 1.5.';
-- Closed to every API role. Functions read it with the rights of their owner.
alter table private.limits enable row level security;
revoke all on table private.limits from public, anon, authenticated, service_role;

-- As long as pg_net waits for the answer of a function.
create function private.nudge_hold() returns interval
language sql immutable parallel safe security invoker set search_path = ''
as $$ select interval '10 seconds' $$;
comment on function private.nudge_hold() is 'How long a nudge keeps a place free for its job.';

-- A little less than the period of the sweeper, so that each sweep repeats the nudges that had no effect.
create function private.nudge_patience() returns interval
language sql immutable parallel safe security invoker set search_path = ''
as $$ select interval '25 seconds' $$;
comment on function private.nudge_patience() is 'How long a nudged job has to be claimed before it is nudged for again.';

-- More requests of one transaction would only wait in the queue of pg_net. The sweeper sends the others.
create function private.max_nudges() returns integer
language sql immutable parallel safe security invoker set search_path = ''
as $$ select 500 $$;
comment on function private.max_nudges() is 'Jobs that one transaction nudges for, and that one sweep takes back, at most.';

create function private.upload_lifetime() returns interval
language sql immutable parallel safe security invoker set search_path = ''
as $$ select interval '24 hours' $$;
comment on function private.upload_lifetime() is 'How long a file may be in the bucket uploads before it is submitted.';

revoke execute on function
  private.nudge_hold(), private.nudge_patience(), private.max_nudges(), private.upload_lifetime()
from public, anon, authenticated;
grant execute on function private.upload_lifetime() to service_role;
