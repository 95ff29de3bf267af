-- Members of a case: every function, by everybody, and what each refusal says. Ann owns the case. Bob and Dora are staff,
-- Dora is an admin. Cleo has an account and nothing to do with the case.

begin;
select plan(87);

-- Until the rollback; a development database may have some.
delete from auth.users;
select tests.add_users('ann', 'bob', 'cleo', 'dora');
update auth.users set email_confirmed_at = now();
insert into public.staff (user_id, role) values (tests.user_id('bob'), 'handler'), (tests.user_id('dora'), 'admin');
select tests.add_incident_of_ann();
insert into public.incidents (id, user_id, title, source)
values ('d1000000-0000-4000-8000-000000000004', tests.user_id('dora'), 'Dora''s own', 'test');
update private.call_rates set burst = 1000;

create function pg_temp.incident() returns uuid
language sql immutable as $$ select 'a1000000-0000-4000-8000-000000000001'::uuid $$;

create function pg_temp.members() returns text
language sql stable security definer as $$
  select string_agg(left(user_id::text, 1) || ' ' || role, ', ' order by user_id)
  from public.incident_members where incident_id = pg_temp.incident()
$$;

-- What a call by somebody ends with: the code of its refusal, or ok.
create function pg_temp.ending(p_who text, p_call text) returns text
language plpgsql as $$
begin
  perform tests.sign_in(p_who);
  set local role authenticated;
  execute 'select public.' || p_call;
  reset role;
  return 'ok';
exception
  when others then
    reset role;
    return sqlstate || ' ' || sqlerrm;
end;
$$;

-- Who sees the case before anybody handles it
create function pg_temp.sees(p_who text) returns boolean
language plpgsql as $$
declare
  v_sees boolean;
begin
  perform tests.sign_in(p_who);
  set local role authenticated;
  v_sees := exists (select from public.incidents where id = pg_temp.incident());
  reset role;
  return v_sees;
end;
$$;
select is(pg_temp.sees('ann'), true, 'the owner sees the case');
select is(pg_temp.sees('bob'), true, 'staff see a case without a handler');
select is(pg_temp.sees('dora'), true, 'an admin sees the case');
select is(pg_temp.sees('cleo'), false, 'a stranger does not see the case');

-- Refusals. Each row: who, call, ending.
create temporary table expected (id serial, who text, call text, ending text);
insert into expected (who, call, ending) values
  (null, 'add_member(pg_temp.incident(), ''x@y.test'')', 'PT401 not_signed_in'),
  (null, 'remove_member(pg_temp.incident(), tests.user_id(''ann''))', 'PT401 not_signed_in'),
  (null, 'set_member_role(pg_temp.incident(), tests.user_id(''ann''), ''viewer'')', 'PT401 not_signed_in'),
  (null, 'assign_incident(pg_temp.incident(), tests.user_id(''bob''))', 'PT401 not_signed_in'),
  (null, 'unassign_incident(pg_temp.incident(), tests.user_id(''bob''))', 'PT401 not_signed_in'),
  (null, 'take_incident(pg_temp.incident())', 'PT401 not_signed_in'),
  (null, 'set_incident_state(pg_temp.incident(), ''done'')', 'PT401 not_signed_in'),
  (null, 'withdraw_invitation(gen_random_uuid())', 'PT401 not_signed_in'),
  (null, 'accept_invitations()', 'PT401 not_signed_in'),
  (null, 'incident_topics(array[pg_temp.incident()])', 'PT401 not_signed_in'),
  -- A stranger learns nothing: not of the case, and not of addresses.
  ('cleo', 'add_member(pg_temp.incident(), ''bob@claimwire.test'')', 'PT404 incident_not_found'),
  ('cleo', 'add_member(pg_temp.incident(), ''nobody@claimwire.test'')', 'PT404 incident_not_found'),
  ('cleo', 'add_member(gen_random_uuid(), ''bob@claimwire.test'')', 'PT404 incident_not_found'),
  ('cleo', 'remove_member(pg_temp.incident(), tests.user_id(''ann''))', 'PT404 incident_not_found'),
  ('cleo', 'set_member_role(pg_temp.incident(), tests.user_id(''ann''), ''viewer'')', 'PT404 incident_not_found'),
  ('cleo', 'assign_incident(pg_temp.incident(), tests.user_id(''bob''))', 'PT404 incident_not_found'),
  ('cleo', 'unassign_incident(pg_temp.incident(), tests.user_id(''bob''))', 'PT404 incident_not_found'),
  ('cleo', 'take_incident(pg_temp.incident())', 'PT403 role_forbidden'),
  ('cleo', 'set_incident_state(pg_temp.incident(), ''done'')', 'PT404 incident_not_found'),
  -- The owner
  ('ann', 'add_member(pg_temp.incident(), ''bob@claimwire.test'', ''handler'')', 'PT403 role_forbidden'),
  ('ann', 'add_member(pg_temp.incident(), ''bob@claimwire.test'', ''owner'')', 'PT400 invalid_arguments'),
  ('ann', 'add_member(pg_temp.incident(), ''ann@claimwire.test'')', 'PT409 already_member'),
  ('ann', 'add_member(pg_temp.incident(), '' ANN@Claimwire.test '')', 'PT409 already_member'),
  ('ann', 'add_member(pg_temp.incident(), null)', 'PT422 email_invalid'),
  ('ann', 'add_member(pg_temp.incident(), ''ann'')', 'PT422 email_invalid'),
  ('ann', 'add_member(pg_temp.incident(), ''a@b@claimwire.test'')', 'PT422 email_invalid'),
  ('ann', 'add_member(pg_temp.incident(), E''a\nb@claimwire.test'')', 'PT422 email_invalid'),
  -- A Cyrillic letter that looks like an a.
  ('ann', 'add_member(pg_temp.incident(), U&''\0430nn@claimwire.test'')', 'PT422 email_invalid'),
  ('ann', 'add_member(pg_temp.incident(), repeat(''a'', 60) || ''@'' || repeat(''b.'', 110) || ''test'')', 'PT422 email_invalid'),
  ('ann', 'add_member(pg_temp.incident(), repeat(''a'', 2000))', 'PT413 message_too_large'),
  ('ann', 'set_incident_state(pg_temp.incident(), ''done'')', 'PT403 role_forbidden'),
  ('ann', 'assign_incident(pg_temp.incident(), tests.user_id(''bob''))', 'PT403 role_forbidden'),
  ('ann', 'take_incident(pg_temp.incident())', 'PT403 role_forbidden'),
  ('ann', 'remove_member(pg_temp.incident(), tests.user_id(''ann''))', 'PT409 owner_stays'),
  ('ann', 'remove_member(pg_temp.incident(), tests.user_id(''cleo''))', 'PT404 member_not_found'),
  -- An admin is no handler of their own claim.
  ('dora', 'take_incident(''d1000000-0000-4000-8000-000000000004'')', 'PT403 role_forbidden'),
  ('dora', 'set_incident_state(''d1000000-0000-4000-8000-000000000004'', ''done'')', 'PT403 role_forbidden'),
  ('bob', 'assign_incident(''d1000000-0000-4000-8000-000000000004'', tests.user_id(''dora''))', 'PT409 owner_stays'),
  -- Staff, while the case has no handler
  ('bob', 'assign_incident(pg_temp.incident(), tests.user_id(''cleo''))', 'PT409 not_staff'),
  ('bob', 'add_member(pg_temp.incident(), ''cleo@claimwire.test'', ''handler'')', 'PT409 not_staff'),
  ('bob', 'set_incident_state(pg_temp.incident(), ''lost'')', 'PT400 invalid_arguments'),
  ('bob', 'set_incident_state(pg_temp.incident(), null)', 'PT400 invalid_arguments'),
  ('bob', 'unassign_incident(pg_temp.incident(), tests.user_id(''ann''))', 'PT404 member_not_found'),
  ('bob', 'set_member_role(pg_temp.incident(), tests.user_id(''ann''), ''viewer'')', 'PT409 owner_stays'),
  ('bob', 'remove_member(pg_temp.incident(), tests.user_id(''ann''))', 'PT409 owner_stays');
select is(pg_temp.ending(who, call), ending, format('%s: %s is refused', coalesce(who, 'nobody'), call))
from expected order by id;
select is(pg_temp.members(), null, 'refused calls change no member');
select is_empty('select from public.incident_events', 'refused calls are no events');

-- An owner's additions are invitations, whether or not the address has an account.
select is(pg_temp.ending('ann', 'add_member(pg_temp.incident(), ''Cleo@claimwire.test'')'), 'ok', 'an owner adds a viewer');
select is(pg_temp.ending('ann', 'add_member(pg_temp.incident(), ''new@claimwire.test'')'), 'ok', 'an owner adds an unknown address');
select results_eq(
  'select email, role, invited_by, mail_due_at is not null from public.invitations order by email',
  $$ values ('cleo@claimwire.test', 'viewer', tests.user_id('ann'), true), ('new@claimwire.test', 'viewer', tests.user_id('ann'), true) $$,
  'both wait in the same way'
);
select is(pg_temp.members(), null, 'nobody is a member before they have shown to read the mailbox');
select is(pg_temp.ending('ann', 'add_member(pg_temp.incident(), ''new@claimwire.test'')'), 'ok', 'an address may be invited again');
select is((select count(*) from public.invitations), 2::bigint, 'an address that is invited again has one invitation');
select is(
  pg_temp.ending('cleo', format('withdraw_invitation(%L)', (select id from public.invitations where email like 'new%'))),
  'PT404 invitation_not_found', 'a stranger cannot withdraw an invitation'
);
select is(
  pg_temp.ending('ann', format('withdraw_invitation(%L)', (select id from public.invitations where email like 'new%'))),
  'ok', 'the owner withdraws an invitation'
);
update auth.users set email_confirmed_at = null where id = tests.user_id('cleo');
update auth.users set last_sign_in_at = now() where id = tests.user_id('cleo');
select is(pg_temp.members(), null, 'a sign-in with an address that was not confirmed accepts nothing');
update auth.users set email_confirmed_at = now() where id = tests.user_id('cleo');
select is(pg_temp.members(), 'c viewer', 'the confirmation of the address accepts the invitation');
select is_empty('select from public.invitations', 'an accepted invitation is gone');
select is(pg_temp.sees('cleo'), true, 'a viewer sees the case');

-- A viewer reads, and leaves.
truncate expected;
insert into expected (who, call, ending) values
  ('cleo', 'add_member(pg_temp.incident(), ''x@y.test'')', 'PT403 role_forbidden'),
  ('cleo', 'remove_member(pg_temp.incident(), tests.user_id(''ann''))', 'PT409 owner_stays'),
  ('cleo', 'set_incident_state(pg_temp.incident(), ''done'')', 'PT403 role_forbidden'),
  ('cleo', 'update_incident(pg_temp.incident(), p_title => ''x'')', 'PT403 role_forbidden'),
  ('cleo', 'add_case_note(pg_temp.incident(), ''x'')', 'PT403 role_forbidden'),
  ('cleo', 'send_to_topic(''incident:'' || pg_temp.incident(), ''user_typing'')', 'PT403 role_forbidden'),
  ('cleo', 'request_report(pg_temp.incident())', 'PT403 role_forbidden'),
  ('cleo', 'submit_upload(pg_temp.incident(), ''x'', ''x'')', 'PT403 role_forbidden'),
  ('ann', 'add_member(pg_temp.incident(), ''cleo@claimwire.test'')', 'PT409 already_member'),
  ('bob', 'take_incident(pg_temp.incident())', 'ok'),
  ('bob', 'take_incident(pg_temp.incident())', 'ok'),
  ('dora', 'take_incident(pg_temp.incident())', 'PT409 incident_taken'),
  -- An owner cannot remove the firm's staff, a viewer nobody but themselves.
  ('ann', 'remove_member(pg_temp.incident(), tests.user_id(''bob''))', 'PT403 role_forbidden'),
  ('cleo', 'remove_member(pg_temp.incident(), tests.user_id(''bob''))', 'PT403 role_forbidden'),
  ('bob', 'set_incident_state(pg_temp.incident(), ''waiting_for_claimant'')', 'ok'),
  ('bob', 'set_incident_state(pg_temp.incident(), ''waiting_for_claimant'')', 'ok'),
  ('bob', 'set_member_role(pg_temp.incident(), tests.user_id(''cleo''), ''handler'')', 'PT409 not_staff'),
  ('cleo', 'remove_member(pg_temp.incident(), tests.user_id(''cleo''))', 'ok'),
  ('bob', 'add_member(pg_temp.incident(), ''cleo@claimwire.test'')', 'ok'),
  ('dora', 'assign_incident(pg_temp.incident(), tests.user_id(''dora''))', 'ok');
select is(pg_temp.ending(who, call), ending, format('%s: %s ends with %s', who, call, ending)) from expected order by id;
select is(pg_temp.members(), 'b handler, c viewer, d handler', 'the members are those who were added');

insert into public.staff (user_id, role) values (tests.user_id('cleo'), 'handler');
select is(
  pg_temp.ending('ann', 'remove_member(pg_temp.incident(), tests.user_id(''cleo''))'), 'PT403 role_forbidden',
  'an owner cannot remove a person of the staff who is a viewer'
);
select results_eq(
  'select event, left(actor_id::text, 1), left(user_id::text, 1), role, state from public.incident_events order by id',
  $$ values
     ('member_invited', 'a', null, 'viewer', null), ('member_invited', 'a', null, 'viewer', null),
     ('member_invited', 'a', null, 'viewer', null), ('invitation_withdrawn', 'a', null, 'viewer', null),
     ('member_added', 'a', 'c', 'viewer', null), ('assigned', 'b', 'b', 'handler', null),
     ('state_changed', 'b', null, null, 'waiting_for_claimant'), ('member_removed', 'c', 'c', 'viewer', null),
     ('member_added', 'b', 'c', 'viewer', null), ('assigned', 'd', 'd', 'handler', null) $$,
  'each act is one event with its author, and what changes nothing is none'
);

update private.limits set max_incident_members = 3;
select is(
  pg_temp.ending('ann', 'add_member(pg_temp.incident(), ''x@claimwire.test'')'), 'PT409 too_many_members',
  'members have a limit'
);

select * from finish();
rollback;
