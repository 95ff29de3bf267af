-- Publishing: messages are numbered and stored where they are durable, and broadcast in batches, in the transaction
-- that asks for it.
--
--   private.publish      heads in user order ▸ notifications ▸ batches by topic ▸ private.broadcast
--   private.broadcast    one message on one private topic, the event named like its type
--
-- A message goes to `user:<user_id>` and, where it has a queue_id, also to `queue:<queue_id>`, for whoever follows one
-- task. A follower need not be the job's user, whose numbering is nobody else's business: on a queue's topic messages
-- have no seq and no epoch, and they are no notifications.
--
-- Locks: publish takes the heads of all users of a statement in user_id order, so statements that touch the same
-- users cannot wait for each other in a circle. A transaction with several such statements can still meet another
-- that touches the same users in the opposite order; PostgreSQL then aborts one of them (40P01) and nothing is lost.
-- Every function of ours touches the jobs of one statement only.
--
-- realtime.send turns its errors into warnings, and Realtime may drop a broadcast. Neither loses a notification: the
-- row is there, and the next number tells the client that it missed one.

create type private.outgoing_message as (
  user_id uuid,
  job_id uuid,
  durable boolean,
  body jsonb,
  queue_id uuid
);
comment on type private.outgoing_message is
  'A message on its way to one user and, where it has a queue_id, to that queue. Durable ones get seq and epoch, which body does not have yet.';

create function private.pack_next(p_state integer[], p_bytes integer)
returns integer[]
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  -- State: number of the batch, messages in it, bytes in it. 200 KB less the envelope around the messages.
  select case
    when p_state[2] < 100 and p_state[3] + p_bytes <= 199000
    then array[p_state[1], p_state[2] + 1, p_state[3] + p_bytes]
    else array[p_state[1] + 1, 1, p_bytes]
  end;
$$;
comment on function private.pack_next(integer[], integer) is 'Step of private.batch_number.';
revoke execute on function private.pack_next(integer[], integer) from public, anon, authenticated;

create function private.pack_number(p_state integer[])
returns integer
language sql
immutable
parallel safe
security invoker
set search_path = ''
as $$
  select p_state[1];
$$;
comment on function private.pack_number(integer[]) is 'Result of private.batch_number.';
revoke execute on function private.pack_number(integer[]) from public, anon, authenticated;

create aggregate private.batch_number(integer) (
  sfunc = private.pack_next,
  stype = integer[],
  finalfunc = private.pack_number,
  initcond = '{0,0,0}'
);
comment on aggregate private.batch_number(integer) is
  'As a window function over the sizes of messages in order: the batch each goes into, so that none holds more than 100 messages or 200 KB.';
revoke execute on function private.batch_number(integer) from public, anon, authenticated;

create function private.broadcast(p_topic text, p_message jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform realtime.send(p_message, p_message ->> 'type', p_topic, true);
end;
$$;
comment on function private.broadcast(text, jsonb) is
  'Sends a message to those on a private topic at commit, as the event that its type names. Failures are warnings.';
revoke execute on function private.broadcast(text, jsonb) from public, anon, authenticated;

create function private.publish_many(p_messages private.outgoing_message[], p_at timestamptz)
returns integer
language plpgsql
volatile
-- Definer: heads and notifications are closed to every API role, and stay so; only triggers call this.
security definer
set search_path = ''
-- The plan is kept from calls with one message, where a nested loop looks best; with thousands it would never end.
set enable_nestloop = off
as $$
declare
  v_broadcasts integer;
begin
  with message as (
    select item.user_id, item.job_id, item.durable, item.body, item.queue_id, item.position
    from unnest(p_messages) with ordinality as item (user_id, job_id, durable, body, queue_id, position)
  ),
  head as (
    -- One upsert, fed in user_id order: it locks each head in that order as it goes.
    insert into private.notification_heads as head (user_id, seq)
    select message.user_id, pg_catalog.count(*)
    from message
    where message.durable
    group by message.user_id
    order by message.user_id
    on conflict (user_id) do update set seq = head.seq + excluded.seq
    returning head.user_id, head.epoch, head.seq
  ),
  ranked as (
    select
      message.*,
      pg_catalog.row_number() over (partition by message.user_id order by message.position desc) - 1 as following
    from message
    where message.durable
  ),
  numbered as (
    -- The last message of the statement has the number that the head has now.
    select
      ranked.user_id,
      ranked.job_id,
      ranked.position,
      head.epoch,
      head.seq - ranked.following as seq,
      ranked.body
        || pg_catalog.jsonb_build_object('seq', head.seq - ranked.following, 'epoch', head.epoch) as payload
    from ranked
    join head on head.user_id = ranked.user_id
  ),
  stored as (
    insert into public.notifications (user_id, seq, epoch, type, payload, job_id, created_at)
    select
      numbered.user_id, numbered.seq, numbered.epoch, numbered.payload ->> 'type', numbered.payload, numbered.job_id, p_at
    from numbered
    order by numbered.user_id, numbered.seq
  ),
  outgoing as (
    select 'user:' || numbered.user_id as topic, numbered.position, numbered.payload from numbered
    union all
    select 'user:' || message.user_id, message.position, message.body from message where not message.durable
    union all
    -- The body as it came: without the user's numbers.
    select 'queue:' || message.queue_id, message.position, message.body from message where message.queue_id is not null
  ),
  packed as (
    select
      outgoing.*,
      private.batch_number(pg_catalog.octet_length(outgoing.payload::text) + 2)
        over (partition by outgoing.topic order by outgoing.position) as batch
    from outgoing
  ),
  broadcast as (
    select
      packed.topic,
      case pg_catalog.count(*)
        when 1 then pg_catalog.jsonb_agg(packed.payload) -> 0
        else pg_catalog.jsonb_build_object(
          'type', 'batch_update',
          'messages', pg_catalog.jsonb_agg(packed.payload order by packed.position),
          'timestamp', private.iso_timestamp(p_at)
        )
      end as payload
    from packed
    group by packed.topic, packed.batch
    order by packed.topic, packed.batch
  )
  select pg_catalog.count(private.broadcast(broadcast.topic, broadcast.payload))
  into v_broadcasts
  from broadcast;
  return v_broadcasts;
end;
$$;
comment on function private.publish_many(private.outgoing_message[], timestamptz) is
  'Numbers and stores the durable ones of the messages and broadcasts all, in the order given, to their users and queues: alone on a topic that gets one, else in batch_update messages. Returns the broadcasts sent.';
revoke execute on function private.publish_many(private.outgoing_message[], timestamptz) from public, anon, authenticated;

create function private.publish_one(p_message private.outgoing_message, p_at timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_payload jsonb := p_message.body;
  v_head private.notification_heads;
begin
  if p_message.durable then
    insert into private.notification_heads as head (user_id, seq)
    values (p_message.user_id, 1)
    on conflict (user_id) do update set seq = head.seq + 1
    returning head.* into v_head;
    v_payload := v_payload || pg_catalog.jsonb_build_object('seq', v_head.seq, 'epoch', v_head.epoch);
    insert into public.notifications (user_id, seq, epoch, type, payload, job_id, created_at)
    values (
      p_message.user_id, v_head.seq, v_head.epoch, v_payload ->> 'type', v_payload, p_message.job_id, p_at
    );
  end if;
  perform private.broadcast('user:' || p_message.user_id, v_payload);
  if p_message.queue_id is null then
    return 1;
  end if;
  -- The body as it came: without the user's numbers.
  perform private.broadcast('queue:' || p_message.queue_id, p_message.body);
  return 2;
end;
$$;
comment on function private.publish_one(private.outgoing_message, timestamptz) is
  'What publish_many does, for one message.';
revoke execute on function private.publish_one(private.outgoing_message, timestamptz) from public, anon, authenticated;

create function private.publish(p_messages private.outgoing_message[], p_at timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if pg_catalog.cardinality(p_messages) = 1 then
    return private.publish_one(p_messages[1], p_at);
  end if;
  return private.publish_many(p_messages, p_at);
end;
$$;
comment on function private.publish(private.outgoing_message[], timestamptz) is
  'Numbers and stores the durable ones of the messages and broadcasts all. Returns the broadcasts sent.';
revoke execute on function private.publish(private.outgoing_message[], timestamptz) from public, anon, authenticated;
