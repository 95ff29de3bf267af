-- A form with the address of an existing account: the claim waits, is worked on, and goes to the owner of the mailbox.
begin;
select plan(62);

select tests.add_users('ann', 'bob');
update auth.users set email_confirmed_at = now();

create function pg_temp.form(p_token text) returns jsonb
language sql
as $$
  select jsonb_build_object('form_response', jsonb_build_object('token', p_token, 'answers', jsonb_build_array(
    jsonb_build_object('type', 'text', 'text', 'Claim ' || p_token, 'field', '{"id": "a", "type": "short_text"}'::jsonb),
    jsonb_build_object('type', 'file_url', 'file_url', 'https://files.test/front.jpg', 'field', '{"id": "b"}'::jsonb),
    jsonb_build_object('type', 'file_url', 'file_url', 'https://files.test/note.m4a', 'field', '{"id": "c"}'::jsonb)
  )));
$$;
create function pg_temp.sign_in(p_name text, p_method text) returns void
language sql
as $$
  select set_config('request.jwt.claims', jsonb_build_object(
    'sub', tests.user_id(p_name), 'role', 'authenticated',
    'amr', jsonb_build_array(jsonb_build_object('method', p_method, 'timestamp', 1))
  )::text, true);
$$;
create function pg_temp.claim(p_token text) returns public.incidents
language sql
as $$ select incident from public.incidents as incident where source_token = p_token $$;

-- The claim arrives
set local role service_role;
create temporary table received on commit drop as
select public.receive_typeform_response(pg_temp.form('second'), null, 'Ann@Claimwire.test') as answer;
reset role;
create temporary table holder on commit drop as select (pg_temp.claim('second')).user_id as id;
grant select on received, holder to public;

select is((select answer -> 'duplicate' from received), 'false'::jsonb, 'a claim for a known address is stored');
select results_eq(
  $$ select email, encrypted_password, email_confirmed_at is null, raw_app_meta_data ->> 'holds' from auth.users, holder where auth.users.id = holder.id $$,
  $$ values (null::varchar, ''::varchar, true, 'waiting_claim') $$,
  'its holder has no address, no password and no confirmation'
);
select is((select count(*) from auth.identities, holder where user_id = holder.id), 0::bigint, 'its holder has no identity');
select isnt((select id from holder), tests.user_id('ann'), 'the claim is not the account''s');
select is((select count(*) from public.jobs where incident_id = (pg_temp.claim('second')).id), 2::bigint, 'work on the claim begins');
select results_eq(
  $$ select kind, email, status from private.claim_mails where incident_id = (pg_temp.claim('second')).id $$,
  $$ values ('confirmation', 'ann@claimwire.test', 'queued') $$, 'a mail is queued with the claim, to the address in lower case'
);
set local role service_role;
select is(
  public.receive_typeform_response(pg_temp.form('second'), null, 'ann@claimwire.test') ->> 'user_id', (select id::text from holder),
  'the second delivery finds the same holder'
);
reset role;
select is((select count(*) from auth.users where raw_app_meta_data ? 'holds'), 1::bigint, 'the second delivery makes no second holder');
select is((select count(*) from private.claim_mails), 1::bigint, 'the second delivery makes no second mail');

-- Before the confirmation
select pg_temp.sign_in('ann', 'password');
set local role authenticated;
select is_empty($$ select from public.incidents $$, 'the account does not see the claim');
select results_eq(
  $$ select title, can_confirm from public.waiting_claims() $$, $$ values (null::text, false) $$,
  'a session by password hears that a claim waits, and nothing of it'
);
select throws_ok(
  $$ select public.confirm_claim((select (answer ->> 'incident_id')::uuid from received)) $$,
  'PT403', 'mailbox_unproven', 'a session by password cannot confirm without the token'
);
select throws_ok(
  $$ select public.confirm_claim((select (answer ->> 'incident_id')::uuid from received), repeat('0', 64)) $$,
  'PT403', 'claim_link_invalid', 'a guessed token confirms nothing'
);
select throws_ok(
  $$ select public.refuse_claim((select (answer ->> 'incident_id')::uuid from received)) $$,
  'PT403', 'mailbox_unproven', 'a session by password cannot refuse'
);
select is(public.confirm_mailbox(), false, 'a session by password proves no mailbox');
reset role;
select pg_temp.sign_in('bob', 'otp');
set local role authenticated;
select is_empty($$ select * from public.waiting_claims() $$, 'another address hears nothing');
select throws_ok(
  format('select public.confirm_claim(%L, %L)', (select answer ->> 'incident_id' from received), repeat('0', 64)),
  'PT404', 'claim_not_waiting', 'another address confirms nothing'
);
select throws_ok(
  $$ select public.confirm_claim(gen_random_uuid()) $$, 'PT404', 'claim_not_waiting', 'an unknown claim is answered alike'
);
reset role;
set local request.jwt.claims = '{"role": "authenticated"}';
select throws_ok($$ select public.confirm_claim(gen_random_uuid()) $$, 'PT401', 'not_signed_in', 'visitors confirm nothing');
select throws_ok($$ select public.refuse_claim(gen_random_uuid()) $$, 'PT401', 'not_signed_in', 'visitors refuse nothing');
select throws_ok($$ select public.confirm_mailbox() $$, 'PT401', 'not_signed_in', 'visitors have no mailbox');
select is_empty($$ select * from public.waiting_claims() $$, 'nothing waits for visitors');

-- Mail
set local role service_role;
create temporary table mail on commit drop as select * from public.take_claim_mails();
grant select on mail to public;
select results_eq(
  $$ select kind, email, attempt, token ~ '^[0-9a-f]{64}$' from mail $$,
  $$ values ('confirmation', 'ann@claimwire.test', 1, true) $$, 'a mail is taken with a token'
);
select is_empty($$ select * from public.take_claim_mails() $$, 'a mail that is being sent is not taken again');
select is(
  public.finish_claim_mail((select incident_id from mail), 1, 'failed', 'mail_unavailable'), true, 'a failed attempt is noted'
);
reset role;
select results_eq(
  $$ select status, error_code, next_attempt_at > now() from private.claim_mails $$,
  $$ values ('queued', 'mail_unavailable', true) $$, 'and tried again later, with its reason'
);
update private.claim_mails set next_attempt_at = now(), attempted_at = now() - interval '2 minutes';
set local role service_role;
create temporary table second_mail on commit drop as select * from public.take_claim_mails();
grant select on second_mail to public;
select isnt((select token from second_mail), (select token from mail), 'the next mail has another token');
select is(public.finish_claim_mail((select incident_id from mail), 1, 'sent'), false, 'the word of an earlier attempt does not count');
select is(public.finish_claim_mail((select incident_id from mail), 2, 'sent'), true, 'the word of this attempt does');
select throws_ok(
  $$ select public.finish_claim_mail(gen_random_uuid(), 1, 'perhaps') $$, 'PT400', 'invalid_arguments', 'an unknown outcome is refused'
);
reset role;
select pg_temp.sign_in('ann', 'password');
set local role authenticated;
select throws_ok(
  format('select public.confirm_claim(%L, %L)', incident_id, token), 'PT403', 'claim_link_invalid',
  'the token of the earlier mail is spent'
) from mail;
reset role;
update private.waiting_claims set token_expires_at = now() - interval '1 second';
set local role authenticated;
select throws_ok(
  format('select public.confirm_claim(%L, %L)', incident_id, token), 'PT403', 'claim_link_invalid', 'a token expires'
) from second_mail;
reset role;
update private.waiting_claims set token_expires_at = now() + interval '1 hour';

-- The handover
update public.jobs set status = 'failed', error_code = 'download_failed', error = 'x'
where incident_id = (pg_temp.claim('second')).id and kind = 'image';
create temporary table told on commit drop as
select n.seq, n.type, n.job_id, n.payload - 'seq' - 'epoch' as payload
from public.notifications n, holder where n.user_id = holder.id;
select cmp_ok((select count(*) from told), '>=', 2::bigint, 'messages about the work wait with the holder');
select private.publish(
  array[row(tests.user_id('ann'), null, true, '{"type": "status_update"}', null, null, null, null, null, null)::private.outgoing_message], now()
);
set local role authenticated;
select is(
  public.confirm_claim(incident_id, token), jsonb_build_object('incidentId', incident_id, 'duplicate', false),
  'the token of the mail confirms the claim, also in a session by password'
) from second_mail;
select is(
  public.confirm_claim(incident_id, token), jsonb_build_object('incidentId', incident_id, 'duplicate', true),
  'the same user may repeat it'
) from second_mail;
select results_eq($$ select title from public.incidents $$, $$ values ('Claim second') $$, 'the owner sees the claim');
select is_empty($$ select * from public.waiting_claims() $$, 'nothing waits any more');
reset role;
select is_empty(
  $$ select 'incidents' from public.incidents where user_id = (select id from holder)
     union all select 'members' from public.incident_members where user_id = (select id from holder)
     union all select 'documents' from public.documents where user_id = (select id from holder)
     union all select 'jobs' from public.jobs where user_id = (select id from holder)
     union all select 'transcriptions' from public.transcriptions where user_id = (select id from holder)
     union all select 'reports' from public.reports where user_id = (select id from holder)
     union all select 'notifications' from public.notifications where user_id = (select id from holder) $$,
  'nothing is left with the holder'
);
select results_eq(
  $$ select role from public.incident_members where incident_id = (pg_temp.claim('second')).id and user_id = tests.user_id('ann') $$,
  $$ values ('owner') $$, 'the user is the owner'
);
select results_eq(
  $$ select seq from public.notifications where user_id = tests.user_id('ann') order by seq $$,
  $$ select generate_series(1, 1 + count(*)) from told $$, 'the numbers of the new owner have no gap'
);
select results_eq(
  $$ select type, job_id, payload - 'seq' - 'epoch' from public.notifications where user_id = tests.user_id('ann') and seq > 1 order by seq $$,
  $$ select type, job_id, payload from told order by seq $$, 'the new owner is told all, in its order'
);
select is(
  (select event || ' by ' || actor || ' ' || actor_id from public.custody_events
   where incident_id = (pg_temp.claim('second')).id order by number desc limit 1),
  'handed_over by user ' || tests.user_id('ann'), 'the custody log records the handover'
);
select is((select intact from public.verify_custody((pg_temp.claim('second')).id)), true, 'the custody log stays intact');
select pg_temp.sign_in('bob', 'otp');
update auth.users set email = 'was-' || email where id = tests.user_id('ann');
update auth.users set email = 'ann@claimwire.test' where id = tests.user_id('bob');
set local role authenticated;
select throws_ok(
  format('select public.confirm_claim(%L, %L)', incident_id, token), 'PT404', 'claim_not_waiting',
  'a confirmed claim is confirmed by nobody else, whoever has the address now'
) from second_mail;
reset role;
select throws_ok(
  $$ update public.jobs set user_id = tests.user_id('bob') where incident_id = (pg_temp.claim('second')).id $$,
  'PT409', 'immutable_column', 'a job changes its user in a handover alone'
);

-- What was written for the holder meanwhile
insert into public.documents (incident_id, user_id, kind, document_type, source_url)
select (pg_temp.claim('second')).id, holder.id, 'audio', 'audio', 'https://files.test/late.m4a' from holder;
select is(private.finish_handovers(), 1, 'a document that was added meanwhile is handed over');
select is_empty(
  $$ select from public.documents, holder where user_id = holder.id union all select from public.notifications, holder where user_id = holder.id $$,
  'with its messages'
);
select is((select count(*) from auth.users, holder where auth.users.id = holder.id), 1::bigint, 'the holder stays for an hour');
update private.waiting_claims set confirmed_at = now() - interval '2 hours';
select is(private.finish_handovers(), 1, 'then it is removed');
select is_empty($$ select from auth.users, holder where auth.users.id = holder.id $$, 'and is gone');
select is((select count(*) from public.documents where incident_id = (pg_temp.claim('second')).id), 3::bigint, 'no document goes with it');
select is(private.finish_handovers(), 0, 'after that there is nothing to do');

-- A session from the mailbox; refusing; limits; invitations
set local role service_role;
select public.receive_typeform_response(pg_temp.form('third'), null, 'ann@claimwire.test');
select public.receive_typeform_response(pg_temp.form('fourth'), null, 'ann@claimwire.test');
select public.receive_typeform_response(pg_temp.form('new'), tests.user_id('ann'), 'new@claimwire.test');
select results_eq(
  $$ select kind, email, token is null from public.take_claim_mails() $$, $$ values ('invitation', 'new@claimwire.test', true) $$,
  'an address gets one mail in two minutes, another gets its invitation'
);
reset role;
update private.claim_mails set sent_at = now() - interval '11 minutes' where status = 'sent';
set local role service_role;
select is((select count(*) from public.take_claim_mails()), 1::bigint, 'two claims for one address make one mail');
reset role;
select public.finish_claim_mail(incident_id, attempts, 'sent') from private.claim_mails where attempts = 1 and status = 'queued' and kind = 'confirmation';
select is((select count(*) from private.claim_mails where status = 'covered'), 1::bigint, 'which stands for both');
set local role authenticated;
select results_eq(
  $$ select title, can_confirm from public.waiting_claims() order by title $$,
  $$ values ('Claim fourth', true), ('Claim third', true) $$, 'a session from the mailbox sees what waits'
);
reset role;
create temporary table third on commit drop as select (pg_temp.claim('third')).id;
grant select on third to public;
set local role authenticated;
select public.refuse_claim(id) from third;
select is((select count(*) from public.waiting_claims()), 1::bigint, 'a refused claim is not asked about again');
select is(public.confirm_claim(id) ->> 'duplicate', 'false', 'but can still be confirmed by the mailbox, without a token') from third;
reset role;

-- Suppressed addresses
select public.suppress_address('Ann@claimwire.test', 'bounce');
set local role service_role;
select public.receive_typeform_response(pg_temp.form('fifth'), null, 'ann@claimwire.test');
reset role;
update private.claim_mails set sent_at = now() - interval '1 day' where status = 'sent';
select is_empty($$ select * from public.take_claim_mails() $$, 'a suppressed address gets no mail');
select is((select status from private.claim_mails where incident_id = (pg_temp.claim('fifth')).id), 'suppressed', 'which is on record');
select is(public.release_address('ann@claimwire.test'), true, 'an address can be released');
select is((select count(*) from public.take_claim_mails()), 1::bigint, 'and gets the mail that was held back');

select * from finish();
rollback;
