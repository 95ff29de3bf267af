-- Limits that an operator may change, in one row. They are enforced in the database, so they hold wherever it runs:
--
--   update private.limits set max_devices = 10;

create table private.limits (
  only_row boolean primary key default true,
  max_devices integer not null default 5,
  device_silence_seconds integer not null default 60,
  devices_must_register boolean not null default false,
  send_rate double precision not null default 20,
  send_burst integer not null default 40,
  constraint limits_are_one_row check (only_row),
  constraint limits_max_devices_is_positive check (max_devices > 0),
  -- Browsers let a hidden page's timers fire once a minute.
  constraint limits_device_silence_is_bearable check (device_silence_seconds >= 10),
  constraint limits_send_rate_is_positive check (send_rate > 0 and send_rate < 'infinity'),
  -- The largest message takes 4 tokens.
  constraint limits_send_burst_lets_the_largest_pass check (send_burst >= 4)
);
comment on table private.limits is 'Limits of what clients may do, in one row.';
comment on column private.limits.max_devices is 'Live devices of a user.';
comment on column private.limits.device_silence_seconds is 'A device that was silent for so long is not live any more.';
comment on column private.limits.devices_must_register is
  'Whether private channels are open only to sign-ins with a registered live device; false: to every sign-in.';
comment on column private.limits.send_rate is 'Tokens a second that a user gets for messages; one pays for up to 16 KB.';
comment on column private.limits.send_burst is 'Tokens that a user may save up.';
insert into private.limits default values;

-- Closed to every API role; functions of ours read it with their owner's rights.
alter table private.limits enable row level security;
revoke all on table private.limits from public, anon, authenticated, service_role;
