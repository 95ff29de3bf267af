-- Who may do what at all: row level security everywhere, table grants, execute privileges. The lists are complete:
-- a new table or function fails here until somebody decides about it.

begin;
select plan(13);

create function pg_temp.callable(p_schema text, p_role text)
returns setof text
language sql stable
as $$
  select function.oid::regprocedure::text
  from pg_proc as function
  where function.pronamespace = p_schema::regnamespace and has_function_privilege(p_role, function.oid, 'execute');
$$;

select is_empty(
  $$ select format('%I.%I', relnamespace::regnamespace, relname)
     from pg_class
     where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
       and relkind in ('r', 'p') and not relrowsecurity $$,
  'every table has row level security'
);

select is_empty(
  $$ select policyname from pg_policies
     where schemaname in ('public', 'private') and not (roles = '{authenticated}') $$,
  'policies name the role that they are for, and it is never anon'
);

select set_eq(
  $$ select grantee || ' ' || lower(privilege_type) || ' ' || table_schema || '.' || table_name
     from information_schema.role_table_grants
     where table_schema in ('public', 'private')
       and grantee in ('PUBLIC', 'anon', 'authenticated') $$,
  $$ values
     ('authenticated select public.incidents'),
     ('authenticated select public.incident_members'),
     ('authenticated select public.documents'),
     ('authenticated select public.incident_followers'),
     ('authenticated select public.notification_preferences'),
     ('authenticated select public.jobs'),
     ('authenticated select public.notifications'),
     ('authenticated select public.reports'),
     ('authenticated select public.transcriptions'),
     ('authenticated select public.case_notes'),
     ('authenticated select public.custody_events'),
     ('authenticated select public.staff'),
     ('authenticated select public.incident_events'),
     ('authenticated select public.invitations') $$,
  'people may read these tables, visitors nothing, and neither writes a whole table'
);

select is_empty(
  $$ select grantee || ' ' || lower(privilege_type) || ' ' || table_name || '.' || column_name
     from information_schema.column_privileges
     where table_schema in ('public', 'private')
       and grantee in ('PUBLIC', 'anon', 'authenticated') and privilege_type <> 'SELECT' $$,
  'people write no column: what they may change, they change through functions'
);

select set_eq(
  $$ select lower(privilege_type) || ' ' || table_schema || '.' || table_name
     from information_schema.role_table_grants
     where table_schema in ('public', 'private') and grantee = 'service_role'
       and table_name in (
         'notifications', 'notification_heads', 'head_pace', 'job_kinds', 'job_nudges', 'job_turns', 'dispatch_requests', 'status_update_keys',
         'limits', 'devices', 'call_rates', 'call_buckets', 'custody_events', 'custody_heads', 'form_links',
         'waiting_claims', 'claim_mails', 'suppressed_addresses', 'original_grants', 'documents',
         'staff', 'staff_visits', 'incident_events', 'invitations'
       ) $$,
  $$ values
     ('select public.notifications'), ('select private.job_kinds'), ('select public.custody_events'),
     ('select public.documents'), ('select public.staff'), ('select public.incident_events'),
     ('select public.invitations') $$,
  'service_role can neither renumber notifications nor write the custody log, nor delete documents, nor touch limits, nor write staff, events and invitations'
);

select set_eq(
  $$ select pg_temp.callable('public', 'authenticated') $$,
  array[
    'requeue_job(uuid)',
    'submit_upload(uuid,text,text)',
    'notification_head()',
    'notification_counts()',
    'mark_notifications(bigint,bigint[],boolean,boolean,boolean)',
    'register_device(uuid,text,uuid)',
    'heartbeat_device(uuid)',
    'unregister_device(uuid)',
    'send_pong()',
    'send_to_topic(text,text,jsonb)',
    'send_binary_to_topic(text,text,text)',
    'add_case_note(uuid,text,uuid,uuid[])',
    'follow_incident(uuid)',
    'unfollow_incident(uuid)',
    'mute_incident(uuid,boolean)',
    'set_notification_preference(text,text)',
    'unread_incidents()',
    'incident_people(uuid)',
    'update_incident(uuid,date,text,text)',
    'request_report(uuid,text)',
    'form_link()',
    'confirm_claim(uuid,text)',
    'refuse_claim(uuid)',
    'waiting_claims()',
    'confirm_mailbox()',
    'custody_head(uuid)',
    'verify_custody(uuid)',
    'open_original(uuid,text)',
    'incident_topics(uuid[])',
    'add_member(uuid,text,text)',
    'remove_member(uuid,uuid)',
    'set_member_role(uuid,uuid,text)',
    'assign_incident(uuid,uuid)',
    'unassign_incident(uuid,uuid)',
    'take_incident(uuid)',
    'set_incident_state(uuid,text)',
    'accept_invitations()',
    'withdraw_invitation(uuid)',
    'add_staff(text,text)',
    'set_staff_role(uuid,text)',
    'remove_staff(uuid)',
    'staff_people()'
  ],
  'people may call these functions of the API'
);

select is_empty(
  $$ select pg_temp.callable('public', 'anon') union select pg_temp.callable('private', 'anon') $$,
  'visitors may call no function'
);

select set_eq(
  $$ select pg_temp.callable('private', 'authenticated') $$,
  array[
    'private.try_uuid(text)',
    'private.member_incident_ids()',
    'private.is_incident_member(uuid)',
    'private.incident_role(uuid)',
    'private.staff_role()',
    'private.is_admin()',
    'private.may_use_incident_topic()',
    'private.topic_id(text)',
    'private.can_follow_queue(uuid)',
    'private.session_id()',
    'private.is_live_device()',
    'private.may_upload(text)',
    'private.may_read_original(text)'
  ],
  'people may call the helpers of the policies and nothing else that is private'
);

select set_eq(
  $$ select pg_temp.callable('public', 'service_role') $$,
  array[
    'claim_job(uuid,text,uuid)',
    'continue_job(uuid,uuid,jsonb,integer,text)',
    'send_status_update(text,text,text,uuid,uuid,jsonb,job_status,text,text,text)',
    'advance_status_update(uuid,job_status,text,integer,jsonb,text,text)',
    'report_progress(uuid,uuid,integer,text)',
    'complete_job(uuid,uuid,jsonb)',
    'fail_job(uuid,uuid,text,text,boolean,jsonb)',
    'requeue_job(uuid)',
    'sweep_jobs()',
    'diagnose()',
    'receive_typeform_response(jsonb,uuid,text)',
    'take_claim_mails(integer)',
    'finish_claim_mail(uuid,integer,text,text)',
    'suppress_address(text,text)',
    'release_address(text)',
    'keep_original(uuid,text,bigint,text,text)',
    'storage_leftovers(integer)',
    'postpone_retry(uuid,uuid,integer)',
    'report_transcript(uuid,uuid,text,integer,text)',
    'store_transcript(uuid,uuid,jsonb)',
    'start_transcription(uuid)',
    'notification_head()',
    'notification_counts()',
    'mark_notifications(bigint,bigint[],boolean,boolean,boolean)',
    'request_report(uuid,text)',
    'form_link_user(text)',
    'custody_head(uuid)',
    'verify_custody(uuid)',
    'erase_document(uuid,text)',
    'erase_incident(uuid,text)',
    'appoint_staff(text,text)',
    'claim_invitations(integer)',
    'invitation_mailed(uuid,text)'
  ],
  'workers may call every function of the API but those that act for a signed-in person'
);

select is_empty(
  $$ select p.oid::regprocedure::text
     from pg_proc p
     where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
       and prokind = 'f' and not coalesce(proconfig, '{}') @> array['search_path=""'] $$,
  'every function has an empty search_path'
);

select set_eq(
  $$ select p.oid::regprocedure::text
     from pg_proc p
     where pronamespace in ('public'::regnamespace, 'private'::regnamespace) and prosecdef $$,
  array[
    'notification_head()',
    'notification_counts()',
    'mark_notifications(bigint,bigint[],boolean,boolean,boolean)',
    'requeue_job(uuid)',
    'request_report(uuid,text)',
    'sweep_jobs()',
    'send_status_update(text,text,text,uuid,uuid,jsonb,job_status,text,text,text)',
    'diagnose()',
    'register_device(uuid,text,uuid)',
    'heartbeat_device(uuid)',
    'unregister_device(uuid)',
    'send_pong()',
    'send_to_topic(text,text,jsonb)',
    'send_binary_to_topic(text,text,text)',
    'add_case_note(uuid,text,uuid,uuid[])',
    'follow_incident(uuid)',
    'unfollow_incident(uuid)',
    'mute_incident(uuid,boolean)',
    'set_notification_preference(text,text)',
    'incident_people(uuid)',
    'update_incident(uuid,date,text,text)',
    'private.is_live_device()',
    'private.may_upload(text)',
    'submit_upload(uuid,text,text)',
    'private.member_incident_ids()',
    'private.incident_role(uuid)',
    'private.staff_role()',
    'private.may_use_incident_topic()',
    'incident_topics(uuid[])',
    'private.tg_incident_members__renew_access_insert()',
    'private.tg_incident_members__renew_access_update()',
    'private.tg_incident_members__renew_access_delete()',
    'private.tg_incidents__change_owner()',
    'private.tg_staff__renew_access()',
    'add_member(uuid,text,text)',
    'remove_member(uuid,uuid)',
    'set_member_role(uuid,uuid,text)',
    'assign_incident(uuid,uuid)',
    'unassign_incident(uuid,uuid)',
    'take_incident(uuid)',
    'set_incident_state(uuid,text)',
    'accept_invitations()',
    'withdraw_invitation(uuid)',
    'private.tg_users__accept_invitations()',
    'private.tg_invitations__send()',
    'claim_invitations(integer)',
    'invitation_mailed(uuid,text)',
    'add_staff(text,text)',
    'set_staff_role(uuid,text)',
    'remove_staff(uuid)',
    'appoint_staff(text,text)',
    'staff_people()',
    'private.can_follow_queue(uuid)',
    'private.nudge_jobs(uuid[])',
    'private.dispatch_jobs(text[],boolean)',
    'private.take_place(uuid,text,uuid)',
    'private.tg_dispatch_requests__dispatch()',
    'private.tg_jobs__dispatch_insert()',
    'private.tg_jobs__dispatch_update()',
    'private.tg_jobs__dispatch_delete()',
    'private.publish_many(private.outgoing_message[],timestamp with time zone)',
    'private.tg_documents__refuse_empty()',
    'private.tg_documents__start_work()',
    'private.tg_jobs__notify_insert()',
    'private.tg_jobs__notify_update()',
    'private.tg_jobs__tell_members_insert()',
    'private.tg_jobs__tell_members_update()',
    'private.tg_incident_members__tell_added()',
    'private.tg_incident_members__tell_removed()',
    'private.tg_incident_members__follow()',
    'private.tg_incidents__follow()',
    'private.tg_incidents__tell_lists()',
    'private.tg_incidents__tell_state()',
    'private.tg_incidents__tell_staff()',
    'private.lock_heads_of_claim(uuid)',
    'private.tg_jobs__queue_reports()',
    'form_link()',
    'form_link_user(text)',
    'private.own_address()',
    'private.hold_claim()',
    'private.forget_holder(uuid)',
    'private.expect_claim(uuid,uuid,text)',
    'private.is_handover(uuid,uuid,uuid)',
    'confirm_claim(uuid,text)',
    'refuse_claim(uuid)',
    'waiting_claims()',
    'confirm_mailbox()',
    'private.send_claim_mails()',
    'take_claim_mails(integer)',
    'finish_claim_mail(uuid,integer,text,text)',
    'suppress_address(text,text)',
    'release_address(text)',
    'keep_original(uuid,text,bigint,text,text)',
    'open_original(uuid,text)',
    'private.may_read_original(text)',
    'erase_document(uuid,text)',
    'erase_incident(uuid,text)',
    'custody_head(uuid)',
    'verify_custody(uuid)',
    'private.add_custody_event(uuid,text,uuid,text,bigint,text,uuid)',
    'private.tg_documents__log_received()',
    'private.tg_documents__log_change()',
    'private.tg_documents__log_erased()',
    'private.tg_reports__log_included()',
    'private.tg_objects__keep_evidence()'
  ],
  'functions with their owner''s rights are these, each with a reason'
);

select is_empty(
  $$ select conrelid::regclass || ': ' || conname
     from pg_constraint c
     where contype = 'f'
       and connamespace in ('public'::regnamespace, 'private'::regnamespace)
       and not exists (
         select from pg_index i
         where i.indrelid = c.conrelid and i.indpred is null
           and (string_to_array(i.indkey::text, ' ')::smallint[])[1:cardinality(c.conkey)] @> c.conkey
       ) $$,
  'every foreign key is indexed'
);

select is_empty(
  $$ select format('%I.%I', relnamespace::regnamespace, relname)
     from pg_class
     where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
       and relkind in ('r', 'p') and obj_description(oid, 'pg_class') is null
     union all
     select p.oid::regprocedure::text
     from pg_proc p
     where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
       and obj_description(p.oid, 'pg_proc') is null $$,
  'every table and function has a comment'
);

select * from finish();
rollback;
