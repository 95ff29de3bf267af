-- Followers: who is told of an incident, why, and what each wants of it. Notes and mentions.

begin;
select plan(53);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob', 'cleo', 'dora');
select tests.add_incident_of_ann('bob');

create function pg_temp.got(p_name text) returns setof text language sql security definer as $$
  select concat_ws(
    ' ', type, payload ->> 'reason', case when payload ? 'quiet' then 'quiet' end
  ) from public.notifications where user_id = tests.user_id(p_name) order by seq
$$;
-- What a user has heard without a notification since the last call for the user.
create function pg_temp.heard(p_name text) returns setof text language sql security definer as $$
  select sent.event || case when sent.payload ? 'quiet' then ' quiet' else '' end
  from tests.broadcasts('user:' || tests.user_id(p_name)) as sent where not sent.payload ? 'seq'
$$;
grant execute on all functions in schema pg_temp to authenticated;
create function pg_temp.reasons(p_name text) returns text[] language sql security definer as $$
  select reasons from public.incident_followers where user_id = tests.user_id(p_name)
$$;

-- Members
select is(pg_temp.reasons('ann'), '{owner}', 'the owner follows');
select is(pg_temp.reasons('bob'), '{assigned}', 'a handler follows');
select results_eq(
  $$ select pg_temp.got('ann') $$, array['assigned owner'], 'the owner is told of a new handler'
);
select results_eq(
  $$ select pg_temp.got('bob') $$, array['assigned assigned'],
  'the new handler is told once'
);
select is(
  (
    select payload - 'timestamp' - 'epoch' from public.notifications where user_id = tests.user_id('ann')
  ),
  '{"type": "assigned", "incidentId": "a1000000-0000-4000-8000-000000000001", "userId": null,
    "assigneeId": "b0000000-0000-4000-8000-000000000002", "reason": "owner", "seq": 1}'::jsonb,
  'a message about an assignment has these fields and no others'
);

-- Jobs
select count(*) from pg_temp.heard('bob');
insert into public.jobs (id, kind, user_id, incident_id, subject_id) values (
  'a2000000-0000-4000-8000-000000000001', 'image', tests.user_id('ann'), 'a1000000-0000-4000-8000-000000000001',
  gen_random_uuid()
);
select results_eq($$ select pg_temp.heard('bob') $$, array['realtime_update'], 'a new job changes the lists of all members');
update public.jobs set status = 'processing';
update public.jobs set progress = 50;
select results_eq(
  $$ select pg_temp.heard('bob') $$, array['image_processing_started quiet', 'image_processing_progress quiet'],
  'followers hear of start and progress without a notification'
);
update public.jobs set status = 'completed', result = '{}';
select results_eq(
  $$ select pg_temp.got('bob') $$, array['assigned assigned', 'image_processed assigned quiet'],
  'a follower has the end of a job as a notification, which handlers by default have in the inbox only'
);
select results_eq(
  $$ select pg_temp.got('ann') $$,
  array['assigned owner', 'image_processing_started owner', 'image_processed owner'],
  'the job''s user has start and end, once each'
);
select results_eq(
  $$ select user_id, seq from public.notifications order by user_id, seq $$,
  $$ select user_id, generate_series(1, seq) from private.notification_heads order by 1, 2 $$,
  'everybody has a sequence of their own without gaps'
);
select is(
  (select count(distinct epoch) from public.notifications), 2::bigint, 'and an epoch of their own'
);

-- Notes and mentions
insert into public.incident_members (incident_id, user_id, role)
values ('a1000000-0000-4000-8000-000000000001', tests.user_id('cleo'), 'handler');
delete from public.notifications;
select tests.sign_in('bob');
set local role authenticated;
select lives_ok(
  $$ select public.add_case_note('a1000000-0000-4000-8000-000000000001', 'Hello', 'f0000000-0000-4000-8000-000000000001') $$,
  'a member writes a note'
);
select results_eq($$ select pg_temp.got('ann') $$, array['note_added owner'], 'the owner is told of a note');
select results_eq($$ select pg_temp.got('cleo') $$, array['note_added assigned'], 'the other handler is told of a note');
select is_empty($$ select pg_temp.got('bob') $$, 'the writer is not told of it');
select is(
  (select count(*) from (select pg_temp.heard('bob')) as heard where heard = 'note_added quiet'), 1::bigint,
  'the writer''s other devices hear it without a notification'
);
select lives_ok(
  $$ select public.add_case_note('a1000000-0000-4000-8000-000000000001', 'Hello', 'f0000000-0000-4000-8000-000000000001') $$,
  'a note may be sent again'
);
select results_eq($$ select pg_temp.got('ann') $$, array['note_added owner'], 'a note that is sent again is told once');
select throws_ok(
  format(
    $$ select public.add_case_note('a1000000-0000-4000-8000-000000000001', 'x', null, %L) $$, refused.mentions
  ),
  'PT400', 'invalid_arguments', refused.what
)
from (values
  (array[tests.user_id('dora')], 'a user who is no member cannot be mentioned'),
  (array[tests.user_id('ann'), null], 'null cannot be mentioned'),
  (array(select gen_random_uuid() from generate_series(1, 21)), 'nor can more than 20')
) as refused (mentions, what);
select lives_ok(
  format(
    $$ select public.add_case_note('a1000000-0000-4000-8000-000000000001', '@cleo', null, %L) $$,
    array[tests.user_id('cleo'), tests.user_id('cleo'), tests.user_id('bob')]
  ),
  'a note mentions members'
);
select results_eq(
  $$ select pg_temp.got('cleo') $$, array['note_added assigned', 'mentioned mentioned'],
  'a mentioned member is told once, as mentioned'
);
select results_eq(
  $$ select pg_temp.got('ann') $$, array['note_added owner', 'note_added owner'], 'the others are told of the note'
);
select is_empty($$ select pg_temp.got('bob') $$, 'people who mention themselves are told nothing');
select is(pg_temp.reasons('cleo'), '{assigned,mentioned}', 'a mention is a reason to follow');

-- Follow, mute, preferences
reset role;
delete from public.notifications;
insert into public.incident_members (incident_id, user_id, role)
values ('a1000000-0000-4000-8000-000000000001', tests.user_id('dora'), 'viewer');
select is(
  (select array_agg(got) from (select pg_temp.got('dora')) as row (got)), '{incident_added}',
  'another new member is told of the incident'
);
select is(
  (select array_agg(got) from (select pg_temp.got('ann')) as row (got)), '{member_added owner}', 'and the owner of the member'
);
select is(pg_temp.reasons('dora'), '{}', 'a viewer does not follow by the role');
delete from public.notifications;
set local role authenticated;
select tests.sign_in('cleo');
select is((public.mute_incident('a1000000-0000-4000-8000-000000000001')).muted, true, 'a member mutes');
select tests.sign_in('bob');
select public.add_case_note('a1000000-0000-4000-8000-000000000001', 'one');
select is_empty($$ select pg_temp.got('dora') $$, 'a member who does not follow is told nothing');
select is_empty($$ select pg_temp.got('cleo') $$, 'a member who has muted the incident is told nothing');
select public.add_case_note('a1000000-0000-4000-8000-000000000001', '@cleo', null, array[tests.user_id('cleo')]);
select results_eq(
  $$ select pg_temp.got('cleo') $$, array['mentioned mentioned'], 'a mention reaches a member who has muted the incident'
);
select tests.sign_in('dora');
select is((public.follow_incident('a1000000-0000-4000-8000-000000000001')).reason, 'following', 'a member follows');
select public.set_notification_preference('note', 'inbox');
select tests.sign_in('ann');
select public.set_notification_preference('note', 'nothing');
select tests.sign_in('bob');
select public.add_case_note('a1000000-0000-4000-8000-000000000001', 'two');
select results_eq(
  $$ select pg_temp.got('dora') $$, array['note_added following quiet'], 'inbox: a notification that is quiet'
);
select results_eq(
  $$ select pg_temp.got('ann') $$, array['note_added owner', 'note_added owner'], 'nothing: no notification'
);
select tests.sign_in('ann');
select public.set_notification_preference('note');
select is_empty('select from public.notification_preferences', 'null returns to the default');
select throws_ok(
  $$ select public.set_notification_preference('note', 'loud') $$, 'PT400', 'invalid_arguments', 'a choice that does not exist is refused'
);
select throws_ok(
  $$ select public.set_notification_preference('gossip', 'page') $$, 'PT400', 'invalid_arguments', 'and so is a kind'
);
select results_eq(
  'select user_id from public.incident_followers', array[tests.user_id('ann')], 'members see their own row only'
);

-- State, and the staff
reset role;
delete from public.notifications;
insert into public.staff (user_id, role) values (tests.user_id('bob'), 'handler'), (tests.user_id('cleo'), 'admin');
select tests.sign_in('bob');
update public.incidents set state = 'in_progress';
select is(
  (select array_agg(got) from (select pg_temp.got('ann')) as row (got)), '{incident_state owner}',
  'followers are told of a new state'
);
select is_empty($$ select pg_temp.got('bob') $$, 'but for whoever sets it');
select tests.sign_in(null);
insert into public.incidents (user_id, title, source) values (tests.user_id('dora'), 'New', 'test');
select is(
  (select array_agg(got) from (select pg_temp.got('bob')) as row (got)), '{incident_added staff}',
  'the staff are told of a new incident'
);
select is_empty(
  $$ select from public.notifications where type = 'incident_added' and user_id not in (tests.user_id('bob'), tests.user_id('cleo')) $$,
  'and nobody else'
);
select count(*) from (select pg_temp.heard('bob'), pg_temp.heard('cleo')) as heard;
insert into public.jobs (kind, user_id, incident_id, subject_id)
select 'image', incident.user_id, incident.id, gen_random_uuid() from public.incidents as incident where title = 'New';
select is(
  (select array_agg(heard) from (select pg_temp.heard('bob')) as row (heard)), '{realtime_update}',
  'the lists of the staff hear of a new job of an incident without a handler'
);
update public.jobs set status = 'processing' where user_id = tests.user_id('dora');
select is(
  (select array_agg(heard) from (select pg_temp.heard('bob')) as row (heard)), '{realtime_update}',
  'and of its start'
);
insert into public.incident_members (incident_id, user_id, role)
select incident.id, tests.user_id('cleo'), 'handler' from public.incidents as incident where title = 'New';
select is(
  (select array_agg(heard) from (select pg_temp.heard('bob')) as row (heard)), '{realtime_update}',
  'an incident that gets a handler leaves the lists of the other staff'
);
update public.jobs set status = 'failed', error_code = 'internal_error' where user_id = tests.user_id('dora');
select is_empty($$ select pg_temp.heard('bob') $$, 'and nothing more is heard of it');
delete from public.notifications;

-- Removal
reset role;
delete from public.incident_members where user_id = tests.user_id('dora');
select is(
  (select array_agg(got) from (select pg_temp.got('dora')) as row (got)),
  '{member_removed}', 'a removed member is told so'
);
set local role authenticated;
select tests.sign_in('bob');
select public.add_case_note('a1000000-0000-4000-8000-000000000001', 'three');
select is((select count(*) from (select pg_temp.got('dora')) as got), 1::bigint, 'and nothing after that');
select tests.sign_in('dora');
select throws_ok(
  format('select public.%I(''a1000000-0000-4000-8000-000000000001'')', name), 'PT404', 'incident_not_found',
  'no member: ' || name
)
from unnest('{follow_incident,unfollow_incident,mute_incident}'::text[]) as name;

select * from finish();
rollback;
