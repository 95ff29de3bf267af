-- Publishing: messages that are durable are numbered and stored, all are broadcast. In the transaction of the change.
--
--   private.publish ──┬─ one message to one user ──▶ publish_one
--                     └─ others ───────────────────▶ publish_many: recipients ▸ heads in user order ▸ notifications
--                                                    ▸ batches ▸ broadcasts
--
-- A message goes to the topic `user:<user_id>` of its user and, if it has an audience, of each follower of its incident. A
-- user who follows the incident and wants messages of this kind gets a notification of their own, with a number of their
-- own sequence and the reason. Other members, and the user who made the change, get the same message as a broadcast alone,
-- marked as quiet: their lists stay current. If a message has a queue_id, it also goes to `queue:<queue_id>`, for pages
-- that follow one task. Such a page may belong to another user, so on the queue's topic messages have no seq and no epoch.
--
-- Locks. publish_many locks the heads of a statement in the order of the users' ids, so two statements cannot wait for each
-- other in a circle. A transaction with several statements can still meet another one in the opposite order: PostgreSQL
-- then aborts one of them (40P01), and nothing is lost. No function here changes jobs in more than one statement.
--
-- Lost broadcasts. realtime.send turns its errors into warnings, and Realtime may drop a broadcast. The notification is
-- stored all the same, and the next number tells the client that one is missing.
--
-- Cost. Functions that every change of a job calls are in PL/pgSQL, which is planned once per session. A function in SQL
-- with settings of its own cannot be inlined and would be planned with every statement: that was half of the cost of a
-- change (supabase/tests/planned-once.db.test.ts).

create type private.outgoing_message as (
  user_id uuid,
  job_id uuid,
  durable boolean,
  body jsonb,
  queue_id uuid,
  incident_id uuid,
  kind text,
  audience text,
  left_out uuid[],
  actor_id uuid
);
comment on type private.outgoing_message is
  'A message. user_id: gets it, stored if durable. queue_id: followers of that queue get it, too. audience: how the other followers of the incident get it; told: stored, shown: not stored, null: not at all. kind: of notification_preferences. left_out: followers of the audience who do not get it. actor_id: made the change, and has it not stored.';

create function private.broadcast(p_topic text, p_message jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform realtime.send(p_message, p_message ->> 'type', p_topic, true);
end;
$$;
comment on function private.broadcast(text, jsonb) is
  'Sends a message on a private topic at the commit, as the event named like its type. Failures are warnings.';
revoke execute on function private.broadcast(text, jsonb) from public, anon, authenticated;

-- Two ways, because most statements change one job, and one message to one user needs neither ranks nor batches.
create function private.publish(p_messages private.outgoing_message[], p_at timestamptz) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if pg_catalog.cardinality(p_messages) = 1
     and p_messages[1].user_id is not null
     and (
       p_messages[1].audience is null
       or p_messages[1].incident_id is null
       or not exists (
         select from public.incident_followers as follower
         where follower.incident_id = p_messages[1].incident_id and follower.user_id <> p_messages[1].user_id
       )
     )
  then
    return private.publish_one(p_messages[1], p_at);
  end if;
  return private.publish_many(p_messages, p_at);
end;
$$;
comment on function private.publish(private.outgoing_message[], timestamptz) is
  'Numbers and stores the durable messages, and broadcasts all messages, in the order given. Returns the number of broadcasts.';
revoke execute on function private.publish(private.outgoing_message[], timestamptz) from public, anon, authenticated;

create function private.personal_message(p_body jsonb, p_reason text, p_choice text) returns jsonb
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  if p_reason is not null then
    p_body := p_body || pg_catalog.jsonb_build_object('reason', p_reason);
  end if;
  if p_choice <> 'page' then
    p_body := p_body || '{"quiet": true}';
  end if;
  return p_body;
end;
$$;
comment on function private.personal_message(jsonb, text, text) is
  'A message as one user gets it: with the user''s reason, and marked as quiet unless the user wants it on the page.';
revoke execute on function private.personal_message(jsonb, text, text) from public, anon, authenticated;

create function private.publish_one(p_message private.outgoing_message, p_at timestamptz) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_reason text;
  v_muted boolean := false;
  v_preferred text;
  v_choice text := 'page';
  v_payload jsonb := p_message.body;
  v_head private.notification_heads;
begin
  if p_message.incident_id is not null then
    select follower.reason, follower.muted into v_reason, v_muted
    from public.incident_followers as follower
    where follower.incident_id = p_message.incident_id and follower.user_id = p_message.user_id;
  end if;
  if p_message.kind is not null then
    select preference.choice into v_preferred
    from public.notification_preferences as preference
    where preference.user_id = p_message.user_id and preference.kind = p_message.kind;
    v_choice := private.notification_choice(p_message.kind, v_reason, coalesce(v_muted, false), v_preferred);
  end if;
  if p_message.user_id = p_message.actor_id then
    v_choice := 'nothing';
  end if;
  v_reason := coalesce(p_message.body ->> 'reason', v_reason);
  v_payload := private.personal_message(v_payload, v_reason, v_choice);
  if p_message.durable and v_choice <> 'nothing' then
    insert into private.notification_heads as head (user_id, seq)
    values (p_message.user_id, 1)
    on conflict (user_id) do update set seq = head.seq + 1
    returning head.* into v_head;
    v_payload := v_payload || pg_catalog.jsonb_build_object('seq', v_head.seq, 'epoch', v_head.epoch);
    insert into public.notifications (user_id, seq, epoch, type, payload, job_id, incident_id, created_at)
    values (
      p_message.user_id, v_head.seq, v_head.epoch, v_payload ->> 'type', v_payload, p_message.job_id,
      p_message.incident_id, p_at
    );
  end if;
  perform private.broadcast('user:' || p_message.user_id, v_payload);
  if p_message.queue_id is null then
    return 1;
  end if;
  -- Without the numbers, which are the user's own.
  perform private.broadcast('queue:' || p_message.queue_id, p_message.body);
  return 2;
end;
$$;
comment on function private.publish_one(private.outgoing_message, timestamptz) is
  'As private.publish, for one message to its user_id.';
revoke execute on function private.publish_one(private.outgoing_message, timestamptz) from public, anon, authenticated;

create function private.batch_numbers(p_messages jsonb[]) returns integer[]
language plpgsql immutable security invoker set search_path = ''
as $$
declare
  v_max_messages constant integer := 100;
  -- 200 KB less the envelope around the messages.
  v_max_bytes constant integer := 199000;
  v_numbers integer[] := '{}';
  v_number integer := 0;
  v_count integer := v_max_messages;
  v_bytes integer;
  v_size integer;
  v_message jsonb;
begin
  foreach v_message in array p_messages loop
    -- With the comma and the space between two messages.
    v_size := pg_catalog.octet_length(v_message::text) + 2;
    if v_count = v_max_messages or v_bytes + v_size > v_max_bytes then
      v_number := v_number + 1;
      v_count := 0;
      v_bytes := 0;
    end if;
    v_count := v_count + 1;
    v_bytes := v_bytes + v_size;
    v_numbers := v_numbers || v_number;
  end loop;
  return v_numbers;
end;
$$;
comment on function private.batch_numbers(jsonb[]) is
  'The batch that each message of a topic goes into, in order, so that no batch has more than 100 messages or 200 KB.';
revoke execute on function private.batch_numbers(jsonb[]) from public, anon, authenticated;

create function private.publish_many(p_messages private.outgoing_message[], p_at timestamptz) returns integer
language plpgsql volatile
-- Definer: heads and notifications are closed to every API role. Only triggers call this function.
security definer set search_path = ''
-- PL/pgSQL keeps a plan. One made for few messages would use nested loops, which take hours for thousands of messages.
set enable_nestloop = off
as $$
declare
  v_broadcasts integer;
begin
  with message as (
    select
      item.user_id, item.job_id, item.durable, item.body, item.queue_id, item.incident_id, item.kind, item.audience,
      item.left_out, item.actor_id, item.position
    from unnest(p_messages) with ordinality as item (
      user_id, job_id, durable, body, queue_id, incident_id, kind, audience, left_out, actor_id, position
    )
  ),
  follower as materialized (
    -- By lists of ids, which an index answers although nested loops are off.
    select follower.incident_id, follower.user_id, follower.reason, follower.muted
    from public.incident_followers as follower
    where follower.incident_id = any (array(select distinct message.incident_id from message))
  ),
  recipient as (
    -- told: gets a notification, unless the user does not want it. Everybody else gets the message as a broadcast only.
    select
      message.position, message.user_id, follower.reason, coalesce(follower.muted, false) as muted, true as told,
      message.durable
    from message
    left join follower on follower.incident_id = message.incident_id and follower.user_id = message.user_id
    where message.user_id is not null
    union all
    select
      message.position, follower.user_id, follower.reason, follower.muted,
      message.audience = 'told' and follower.reason is not null, true
    from message
    join follower on follower.incident_id = message.incident_id
    where message.audience is not null
      and follower.user_id is distinct from message.user_id
      and follower.user_id <> all (coalesce(message.left_out, '{}'))
  ),
  preference as materialized (
    select preference.user_id, preference.kind, preference.choice
    from public.notification_preferences as preference
    where preference.user_id = any (array(select distinct recipient.user_id from recipient))
  ),
  chosen as (
    select
      recipient.position, recipient.user_id, recipient.durable, message.job_id, message.incident_id, message.body,
      coalesce(message.body ->> 'reason', recipient.reason) as reason,
      case
        when not recipient.told or recipient.user_id = message.actor_id then 'nothing'
        when message.kind is null then 'page'
        else private.notification_choice(message.kind, recipient.reason, recipient.muted, preference.choice)
      end as choice
    from recipient
    join message on message.position = recipient.position
    left join preference on preference.user_id = recipient.user_id and preference.kind = message.kind
  ),
  personal as materialized (
    select
      chosen.position, chosen.user_id, chosen.job_id, chosen.incident_id,
      chosen.durable and chosen.choice <> 'nothing' as durable,
      private.personal_message(chosen.body, chosen.reason, chosen.choice) as body
    from chosen
  ),
  head as (
    -- One upsert whose rows come in the order of the users' ids: it locks the heads in that order.
    insert into private.notification_heads as head (user_id, seq)
    select personal.user_id, pg_catalog.count(*)
    from personal
    where personal.durable
    group by personal.user_id
    order by personal.user_id
    on conflict (user_id) do update set seq = head.seq + excluded.seq
    returning head.user_id, head.epoch, head.seq
  ),
  ranked as (
    select
      personal.*,
      pg_catalog.row_number() over (partition by personal.user_id order by personal.position desc) - 1 as following
    from personal
    where personal.durable
  ),
  numbered as (
    -- The last message of a user has the number that the head has now; the others count down from it.
    select
      ranked.user_id,
      ranked.job_id,
      ranked.incident_id,
      ranked.position,
      head.epoch,
      head.seq - ranked.following as seq,
      ranked.body
        || pg_catalog.jsonb_build_object('seq', head.seq - ranked.following, 'epoch', head.epoch) as payload
    from ranked
    join head on head.user_id = ranked.user_id
  ),
  stored as (
    insert into public.notifications (user_id, seq, epoch, type, payload, job_id, incident_id, created_at)
    select
      numbered.user_id, numbered.seq, numbered.epoch, numbered.payload ->> 'type', numbered.payload, numbered.job_id,
      numbered.incident_id, p_at
    from numbered
    order by numbered.user_id, numbered.seq
  ),
  outgoing as (
    select 'user:' || numbered.user_id as topic, numbered.position, numbered.payload from numbered
    union all
    select 'user:' || personal.user_id, personal.position, personal.body from personal where not personal.durable
    union all
    -- Without the numbers, which are the user's own.
    select 'queue:' || message.queue_id, message.position, message.body from message where message.queue_id is not null
  ),
  topic as (
    select outgoing.topic, pg_catalog.array_agg(outgoing.payload order by outgoing.position) as payloads
    from outgoing
    group by outgoing.topic
  ),
  broadcast as (
    select
      topic.topic,
      case pg_catalog.count(*)
        when 1 then pg_catalog.jsonb_agg(message.payload) -> 0
        else pg_catalog.jsonb_build_object(
          'type', 'batch_update',
          'messages', pg_catalog.jsonb_agg(message.payload order by message.position),
          'timestamp', private.iso_timestamp(p_at)
        )
      end as payload
    from topic
    cross join lateral unnest(topic.payloads, private.batch_numbers(topic.payloads))
      with ordinality as message (payload, batch, position)
    group by topic.topic, message.batch
    order by topic.topic, message.batch
  )
  select pg_catalog.count(private.broadcast(broadcast.topic, broadcast.payload))
  into v_broadcasts
  from broadcast;
  return v_broadcasts;
end;
$$;
comment on function private.publish_many(private.outgoing_message[], timestamptz) is
  'As private.publish, for several messages: a topic that gets more than one message gets them in batch_update messages.';
revoke execute on function private.publish_many(private.outgoing_message[], timestamptz) from public, anon, authenticated;
