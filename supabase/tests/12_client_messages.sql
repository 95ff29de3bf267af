-- Messages of clients: permissions, format, limits of size and rate.

begin;
select plan(53);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob', 'cleo');
select tests.add_incident_of_ann('bob');
update private.call_rates set calls = 1, per = '1000 seconds', burst = 10;

create function pg_temp.left_of(p_user uuid, p_call text)
returns integer
language sql
as $$ select floor(tokens)::integer from private.call_buckets where user_id = p_user and call = p_call $$;

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
     from realtime.messages where topic like 'incident:%' $$,
  $$ values ('incident:a1000000-0000-4000-8000-000000000001:1', 'user_typing', true, 'broadcast',
    '{"type": "user_typing", "userId": "b0000000-0000-4000-8000-000000000002",
      "incidentId": "a1000000-0000-4000-8000-000000000001", "field": "ab\nc"}'::jsonb, true) $$,
  'sender and type of a message are set by the database, and its text is cleaned'
);
select lives_ok(
  $$ select public.send_to_topic('incident:A1000000-0000-4000-8000-000000000001', 'cursor.moved') $$,
  'an id may be written in capitals, a payload may be missing, an event be of the application'
);
select is(
  (select topic from realtime.messages where event = 'cursor.moved'),
  'incident:a1000000-0000-4000-8000-000000000001:1',
  'the topic that is sent to is the one that members listen to'
);
select is(pg_temp.left_of('b0000000-0000-4000-8000-000000000002', 'send_to_topic'), 8, 'each message takes a token');

select throws_ok(
  format($$ select public.send_to_topic(%L, 'user_typing') $$, refused.topic), 'PT403', 'topic_forbidden',
  format('a message to %s is refused', coalesce(refused.topic, 'null'))
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
  'PT400', 'invalid_arguments', format('a message of the type %s is refused', coalesce(refused.event, 'null'))
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
select is(pg_temp.left_of('b0000000-0000-4000-8000-000000000002', 'send_to_topic'), 8, 'a refused message takes no token');

-- Binary
select lives_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch', 'AAEC/w==') $$,
  'a member may send bytes'
);
select results_eq(
  $$ select binary_payload, payload is null, private from realtime.messages where event = 'sketch' $$,
  $$ values ('\xb0000000000040008000000000000002000102ff'::bytea, true, true) $$,
  'a binary broadcast has the sender''s id before the bytes'
);
select lives_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch',
       encode(convert_to(repeat('x', 65536), 'utf8'), 'base64')) $$,
  'a member may send up to 64 KB of bytes'
);
select is(pg_temp.left_of('b0000000-0000-4000-8000-000000000002', 'send_binary_to_topic'), 5, 'a binary message takes one token for each 16 KB');
select throws_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch',
       encode(convert_to(repeat('x', 65537), 'utf8'), 'base64')) $$,
  'PT413', 'message_too_large', 'and no more'
);
select throws_ok(
  $$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch', repeat('A', 9000000)) $$,
  'PT413', 'message_too_large', 'a far too large message is refused before it is decoded'
);
select throws_ok(
  format($$ select public.send_binary_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'sketch', %L) $$, refused.text),
  'PT400', 'invalid_arguments', format('%s is not base64', coalesce(refused.text, 'null'))
)
from (values ('*'), ('AAE'), (null)) as refused (text);
select throws_ok(
  $$ select public.send_binary_to_topic('user:b0000000-0000-4000-8000-000000000002', 'sketch', 'AAEC') $$,
  'PT403', 'topic_forbidden', 'bytes to a forbidden topic are refused'
);

-- The rate
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') from generate_series(1, 8) $$,
  'a user may send until the tokens are spent'
);
select is(
  tests.refusal_of(
    $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$
  ),
  'PT429 rate_limited', 'a user without tokens is refused with rate_limited'
);
select cmp_ok(
  (tests.hint_of(
    $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$
  )::jsonb ->> 'retryAfterMs')::bigint,
  '<=', 1000000::bigint, 'the refusal says when the next token is due'
);
select is(
  (select count(*) from realtime.messages where event = 'user_typing'), 9::bigint, 'messages over the rate are not sent'
);
update private.call_buckets set refilled_at = refilled_at - interval '2000 seconds';
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') from generate_series(1, 2) $$,
  'tokens come back with time'
);
select is(
  tests.refusal_of(
    $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$
  ),
  'PT429 rate_limited', 'no more tokens come back than the rate allows'
);
update private.call_buckets set refilled_at = refilled_at - interval '1 year';
select is(private.forget_full_buckets(), 2, 'full buckets are deleted');
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') from generate_series(1, 10) $$,
  'a new bucket is full'
);
select is(
  tests.refusal_of(
    $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$
  ),
  'PT429 rate_limited', 'a bucket holds no more tokens than its size'
);
select tests.sign_in('ann');
select lives_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'a user without tokens does not limit other users'
);

-- Others
select tests.sign_in('cleo');
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT403', 'topic_forbidden', 'a message of a non-member is refused'
);
select tests.sign_in(null);
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  'PT401', 'not_signed_in', 'a message of a token without a user is refused'
);
set local role anon;
select throws_ok(
  $$ select public.send_to_topic('incident:a1000000-0000-4000-8000-000000000001', 'user_typing') $$,
  '42501', null, 'nor a visitor'
);

select * from finish();
rollback;
