-- Heads, marking and retention of notifications.

begin;
select plan(40);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob');

set local role authenticated;
select tests.sign_in('ann');
select results_eq(
  'select epoch, seq, floor from public.notification_head()',
  'values (null::uuid, 0::bigint, 0::bigint)',
  'before the first notification the head is 0, without an epoch'
);
reset role;
select is_empty(
  $$ select from private.notification_heads where user_id = 'a0000000-0000-4000-8000-000000000001' $$,
  'reading the head creates no row'
);

insert into public.jobs (kind, user_id, subject_id)
select 'image', owner.id::uuid, gen_random_uuid()
from generate_series(1, 10),
  (values ('a0000000-0000-4000-8000-000000000001'), ('b0000000-0000-4000-8000-000000000002')) as owner (id);
update public.jobs set status = 'processing' where user_id in (
  'a0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002'
);

set local role authenticated;
select tests.sign_in('ann');
select results_eq(
  'select epoch, seq, floor from public.notification_head()',
  'select epoch, max(seq), 0::bigint from public.notifications group by epoch',
  'the head is the last number'
);

-- Marking
select is(public.mark_notifications(p_up_to => 4, p_seen => true), 4, 'p_up_to marks notifications up to a number as seen');
select is(public.mark_notifications(p_up_to => 4, p_seen => true), 0, 'marking the same notifications again changes nothing');
select is(public.mark_notifications(p_seqs => '{3,5,99}', p_read => true), 2, 'p_seqs marks the listed notifications as read');
select results_eq(
  'select seq, seen_at is not null, read_at is not null from public.notifications where seq <= 6 order by seq',
  'values (1::bigint, true, false), (2, true, false), (3, true, true), (4, true, false), (5, true, true), (6, false, false)',
  'a notification that is marked as read is seen, too'
);
select is(public.mark_notifications(p_seqs => '{3}', p_read => false), 1, 'p_read false marks as unread');
select results_eq(
  'select seen_at is not null, read_at is not null from public.notifications where seq = 3',
  'values (true, false)',
  'a notification that is marked as unread stays seen'
);
select is(public.mark_notifications(p_seqs => '{5}', p_seen => false), 1, 'p_seen false marks as not seen');
select results_eq(
  'select seen_at is not null, read_at is not null from public.notifications where seq = 5',
  'values (false, false)',
  'a notification that is marked as not seen is unread, too'
);
select is(public.mark_notifications(p_seqs => '{}', p_read => true), 0, 'an empty list marks nothing');
select is(public.mark_notifications(p_up_to => 0, p_read => true), 0, 'up to 0 marks nothing');
select throws_ok(arguments.call, 'PT400', 'invalid_arguments', 'refuses ' || arguments.call)
from (values
  ('select public.mark_notifications()'),
  ('select public.mark_notifications(p_up_to => 1)'),
  ('select public.mark_notifications(p_read => true)'),
  ('select public.mark_notifications(p_up_to => 1, p_seqs => ''{1}'', p_read => true)'),
  ('select public.mark_notifications(p_up_to => 1, p_seen => false, p_read => true)')
) as arguments (call);

-- The pace of head checks
reset role;
insert into private.devices (user_id, device_id, registered_at, last_seen_at)
select 'a0000000-0000-4000-8000-000000000001', gen_random_uuid(), now(), now() from generate_series(1, 500);
update private.limits set head_checks_per_second = 100;
select is(private.pace_head_checks(), 5000, '500 devices and 100 checks a second are 5 s between two checks of a page');
set local role authenticated;
select is((select interval_ms from public.notification_head()), 5000, 'the head says how often it may be asked for');
reset role;
delete from private.devices;
select is(private.pace_head_checks(), 0, 'without devices there is no bound');
set local role authenticated;

-- Pongs
select lives_ok('select public.send_pong()', 'a user can ask for a broadcast on the own topic');
reset role;
select results_eq(
  $$ select topic, event, private, payload ->> 'type' from realtime.messages where event = 'pong' $$,
  $$ values ('user:a0000000-0000-4000-8000-000000000001', 'pong', true, 'pong') $$,
  'the broadcast is private, on the topic of the caller alone'
);
set local role authenticated;

select throws_ok(
  'select public.mark_notifications(p_seqs => array(select generate_series(1, 10001)), p_read => true)',
  'PT400', 'invalid_arguments', 'a list of more than 10,000 numbers is refused'
);
select results_eq(
  'select epoch, seq, unseen_count, unread_count from public.notification_counts()',
  'select epoch, 10::bigint, 6::bigint, 10::bigint from public.notification_head()',
  'the counts are those of unseen and unread notifications'
);
reset role;
select results_eq(
  $$ select payload - 'id' - 'timestamp' - 'epoch' from realtime.messages
     where topic = 'user:a0000000-0000-4000-8000-000000000001' and event = 'notification_read' and private
     order by tableoid, ctid $$,
  $$ values
     ('{"type": "notification_read", "upTo": 4, "seen": true, "unseenCount": 6, "unreadCount": 10, "headSeq": 10}'::jsonb),
     ('{"type": "notification_read", "seqs": [3, 5], "seen": true, "read": true, "unseenCount": 5, "unreadCount": 8, "headSeq": 10}'),
     ('{"type": "notification_read", "seqs": [3], "read": false, "done": false, "unseenCount": 5, "unreadCount": 9, "headSeq": 10}'),
     ('{"type": "notification_read", "seqs": [5], "seen": false, "read": false, "done": false, "unseenCount": 6, "unreadCount": 10, "headSeq": 10}') $$,
  'the message to the user''s devices has the changed marks and no others'
);
select is(
  (select count(distinct payload ->> 'epoch') from realtime.messages
   where event = 'notification_read' and payload ->> 'epoch' = (select head.epoch::text from private.notification_heads as head
     where head.user_id = 'a0000000-0000-4000-8000-000000000001')),
  1::bigint, 'the message has the epoch of the sequence numbers'
);
set local role authenticated;
select is(public.mark_notifications(p_up_to => 9223372036854775807, p_seen => true), 6, 'marks everything as seen');
reset role;
select is(
  (select (payload ->> 'upTo')::integer from realtime.messages where event = 'notification_read'
   order by tableoid desc, ctid desc limit 1),
  10, 'marking everything ends at the last number, so that later notifications are unseen'
);
set local role authenticated;
select tests.sign_in(null);
select is(public.mark_notifications(p_up_to => 99, p_read => true), 0, 'without a user nothing is marked');
select results_eq(
  'select epoch, seq, unseen_count, unread_count from public.notification_counts()',
  'values (null::uuid, 0::bigint, 0::bigint, 0::bigint)', 'nor counted'
);
select is((select seq from public.notification_head()), 0::bigint, 'without a user the head is 0');
reset role;
select is_empty(
  $$ select from public.notifications
     where user_id = 'b0000000-0000-4000-8000-000000000002' and (seen_at is not null or read_at is not null) $$,
  'a user''s call does not mark the notifications of others'
);

-- Retention
select is(private.prune_notifications(), 0::bigint, 'new notifications are not pruned');
update public.notifications set created_at = now() - interval '91 days'
where user_id = 'a0000000-0000-4000-8000-000000000001' and seq in (1, 2, 4);
select is(private.prune_notifications(), 4::bigint, 'pruning deletes a prefix, so that the remaining numbers have no gap');
select results_eq(
  $$ select min(seq), max(seq), count(*) from public.notifications
     where user_id = 'a0000000-0000-4000-8000-000000000001' $$,
  'values (5::bigint, 10::bigint, 6::bigint)',
  'later notifications are kept'
);
set local role authenticated;
select tests.sign_in('ann');
select results_eq(
  'select seq, floor from public.notification_head()', 'values (10::bigint, 4::bigint)', 'the head names the floor'
);
select tests.sign_in('bob');
select results_eq(
  'select seq, floor from public.notification_head()', 'values (10::bigint, 0::bigint)', 'each user has a floor'
);
reset role;
select is(private.prune_notifications('0 seconds'), 0::bigint, 'notifications of this transaction are not older than now, so none is pruned');

delete from auth.users where id = 'b0000000-0000-4000-8000-000000000002';
set local role authenticated;
select is_empty('select from public.notification_head()', 'the token of a deleted user reads no head');
reset role;

select * from finish();
rollback;
