-- Messages of clients: who may send what where, what is made of it, and how many.

begin;
select plan(53);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob', 'cleo');
select tests.add_incident_of_ann('bob');
update private.limits set send_rate = 0.001, send_burst = 10;

create function pg_temp.left_of(p_user uuid)
returns integer
language sql
as $$ select floor(tokens)::integer from private.send_buckets where user_id = p_user $$;

-- JSON
select tests.sign_in('bob');
set local role authenticated;
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing',
       '{"userId": "forged", "type": "image_processed", "incidentId": 1, "timestamp": 1, "field": "a\u202eb\u0007\r\nc"}') $$,
  'a member may send'
);
reset role;
select results_eq(
  $$ select topic, event, private, extension, payload - 'id' - 'timestamp', payload ->> 'timestamp' ~ '^\d{4}-\d\d-\d\dT'
     from realtime.messages $$,
  $$ values ('incident:a1000000-0000-4000-8000-000000000001', 'user_typing', true, 'broadcast',
    '{"type": "user_typing", "userId": "b0000000-0000-4000-8000-000000000002",
      "incidentId": "a1000000-0000-4000-8000-000000000001", "field": "ab\nc"}'::jsonb, true) $$,
  'what is sent names its sender and kind by the database''s word, and its text is cleaned'
);
select lives_ok(
  $$ select public.send_to_topic('incident:A1000000-0000-4000-8000-000000000001', 'cursor.moved') $$,
  'an id may be written in capitals, a payload may be missing, an event be of the application'
);
select is(
  (select topic from realtime.messages where event = 'cursor.moved'),
  'incident:a1000000-0000-4000-8000-000000000001',
  'the topic that is sent to is the one that members listen to'
);
select is(pg_temp.left_of('b0000000-0000-4000-8000-000000000002'), 8, 'each took a token');

select throws_ok(
  format($$ select public.send_to_topic(%L, 'user_typing') $$, refused.topic), 'PT403', 'topic_forbidden',
  format('nobody sends on %s', coalesce(refused.topic, 'null'))
)
from (values
  ('user:b0000000-0000-4000-8000-000000000002'),
  ('user:a0000000-0000-4000-8000-000000000001'),
  ('queue:a1000000-0000-4000-8000-000000000001'),
  ('incident:a1000000-0000-4000-8000-00000000ffff'),
  ('incident:'),
  ('incident:%'),
  ('room:a1000000-0000-4000-8000-000000000001'),
  (null)
) as refused (topic);
select throws_ok(
  format($$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', %L) $$, refused.event),
  'PT400', 'invalid_arguments', format('nobody sends %s', coalesce(refused.event, 'null'))
)
from (values
  ('image_processed'), ('image_processing_progress'), ('batch_update'), ('notification_read'), ('error'), ('phx_close'),
  (''), ('Typing'), ('a b'), (repeat('x', 65)), (null)
) as refused (event);
select throws_ok(
  format($$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing', %L::jsonb) $$, refused.payload),
  'PT400', 'invalid_arguments', format('a payload is no %s', coalesce(refused.payload, 'null'))
)
from (values ('[]'), ('"x"'), ('null'), (null)) as refused (payload);
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing',
       jsonb_build_object('x', repeat('ü', 8192))) $$,
  'PT413', 'message_too_large', 'a payload has at most 16 KB, counted in bytes'
);
select is(pg_temp.left_of('b0000000-0000-4000-8000-000000000002'), 8, 'what is refused costs nothing');

-- Binary
select lives_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch', 'AAEC/w==') $$,
  'a member may send bytes'
);
select results_eq(
  $$ select binary_payload, payload is null, private from realtime.messages where event = 'sketch' $$,
  $$ values ('\xb0000000000040008000000000000002000102ff'::bytea, true, true) $$,
  'they follow the sender''s id'
);
select lives_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch',
       encode(convert_to(repeat('x', 65536), 'utf8'), 'base64')) $$,
  'up to 64 KB'
);
select is(pg_temp.left_of('b0000000-0000-4000-8000-000000000002'), 3, 'a token pays for 16 KB');
select throws_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch',
       encode(convert_to(repeat('x', 65537), 'utf8'), 'base64')) $$,
  'PT413', 'message_too_large', 'and no more'
);
select throws_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch', repeat('A', 9000000)) $$,
  'PT413', 'message_too_large', 'much more is not even decoded'
);
select throws_ok(
  format($$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch', %L) $$, refused.text),
  'PT400', 'invalid_arguments', format('%s is not base64', coalesce(refused.text, 'null'))
)
from (values ('*'), ('AAE'), (null)) as refused (text);
select throws_ok(
  $$ select public.send_binary_to_topic('user:b0000000-0000-4000-8000-000000000002', 'sketch', 'AAEC') $$,
  'PT403', 'topic_forbidden', 'topics are the same for bytes'
);

-- The rate
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') from generate_series(1, 3) $$,
  'a user may spend what is left'
);
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT429', 'rate_limited', 'and then has to wait'
);
select cmp_ok(
  (tests.hint_of(
    $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$
  )::jsonb ->> 'retryAfterMs')::bigint,
  '<=', 1000000::bigint, 'for as long as a token takes'
);
select is(
  (select count(*) from realtime.messages where event = 'user_typing'), 4::bigint, 'what is over the rate is not sent'
);
update private.send_buckets set refilled_at = refilled_at - interval '2000 seconds';
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') from generate_series(1, 2) $$,
  'tokens come back with time'
);
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT429', 'rate_limited', 'as many as the rate says'
);
update private.send_buckets set refilled_at = refilled_at - interval '1 year';
select is(private.forget_full_buckets(), 1, 'full buckets are forgotten');
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') from generate_series(1, 10) $$,
  'a new bucket is full'
);
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT429', 'rate_limited', 'and no more than full'
);
select tests.sign_in('ann');
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'others are not held up by it'
);

-- Others
select tests.sign_in('cleo');
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT403', 'topic_forbidden', 'who is no member sends nothing'
);
select tests.sign_in(null);
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT401', 'not_signed_in', 'nor does a token without a user'
);
set local role anon;
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  '42501', null, 'nor a visitor'
);

select * from finish();
rollback;
