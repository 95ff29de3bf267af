-- Rows that belong to the product: kinds of jobs, limits, rates, buckets of Storage and schedules of pg_cron.

insert into private.limits default values;
insert into private.head_pace default values;

-- More than a person at work needs, with several devices and tabs.
insert into private.call_rates (call, calls, per, burst, one_at_a_time) values
  ('accept_invitations', 60, '1 minute', 60, false),
  ('add_case_note', 60, '1 minute', 60, false),
  -- Each may be a mail.
  ('add_member', 30, '1 hour', 20, false),
  ('add_staff', 60, '1 hour', 30, false),
  ('assign_incident', 60, '1 minute', 60, false),
  ('confirm_claim', 30, '1 minute', 30, false),
  ('confirm_mailbox', 30, '1 minute', 30, false),
  ('form_link', 20, '1 minute', 40, false),
  ('heartbeat_device', 120, '1 minute', 60, false),
  ('incident_topics', 4, '1 second', 200, false),
  ('mark_notifications', 10, '1 second', 100, false),
  ('open_original', 2, '1 second', 200, false),
  ('refuse_claim', 30, '1 minute', 30, false),
  ('register_device', 2, '1 second', 60, false),
  ('remove_member', 60, '1 minute', 60, false),
  ('remove_staff', 30, '1 minute', 30, false),
  ('request_report', 20, '1 minute', 40, false),
  ('requeue_job', 2, '1 second', 200, false),
  ('send_pong', 20, '1 minute', 10, false),
  ('send_binary_to_topic', 20, '1 second', 40, false),
  ('send_to_topic', 20, '1 second', 40, false),
  ('set_incident_state', 60, '1 minute', 60, false),
  ('set_member_role', 60, '1 minute', 60, false),
  ('set_staff_role', 30, '1 minute', 30, false),
  ('submit_upload', 2, '1 second', 200, false),
  ('take_incident', 60, '1 minute', 60, false),
  ('unassign_incident', 60, '1 minute', 60, false),
  ('unregister_device', 2, '1 second', 60, false),
  ('update_incident', 60, '1 minute', 60, false),
  ('verify_custody', 10, '1 minute', 20, true),
  ('withdraw_invitation', 60, '1 minute', 60, false);

insert into private.call_rates (call, calls, per, burst) values
  ('follow_incident', 60, '1 minute', 60),
  ('mute_incident', 60, '1 minute', 60),
  ('set_notification_preference', 60, '1 minute', 60),
  ('unfollow_incident', 60, '1 minute', 60);

insert into private.job_kinds (
  kind, function_name, max_attempts, lease_seconds, max_concurrent, max_concurrent_per_user, subject_key,
  queued_type, started_type, progress_type, completed_type, failed_type,
  queued_status, started_status, message_defaults, input_keys, result_keys, done_elsewhere
) values
  (
    'image', 'process-image', 3, 60, 32, 8, 'documentId',
    null, 'image_processing_started', 'image_processing_progress', 'image_processed', 'image_processing_failed',
    'pending', 'processing', '{"documentType": "photo"}', '{documentType}',
    '{signedUrl,signedUrlExpiresAt,preview,duplicateOf}', false
  ),
  (
    'pdf', 'generate-pdf', 3, 60, 16, 4, 'reportId',
    null, 'pdf_generation_started', 'pdf_generation_progress', 'pdf_generated', 'pdf_generation_failed',
    'pending', 'generating', '{}', '{}', '{pdfUrl,pdfUrlExpiresAt,fileSize}', false
  ),
  (
    'transcription', 'transcribe-audio', 4, 60, 16, 4, 'transcriptionId',
    'transcription_queued', 'transcription_processing', 'transcription_progress',
    'transcription_complete', 'transcription_failed',
    'queued', 'processing', '{}', '{documentId}', '{duration,wordCount,simulated}', false
  ),
  -- One attempt: only the other service could try again. It has a quarter of an hour between two signs of life.
  (
    'status', 'status-update', 1, 900, 64, 16, 'subjectId',
    null, 'status_update', 'status_update', 'status_update', 'status_update',
    'queued', 'processing', '{}', '{updateType,resource,status,data}', '{status,data}', true
  );

insert into storage.buckets (id, name, public, file_size_limit)
values
  ('originals', 'originals', false, 26214400),
  ('derivatives', 'derivatives', false, 26214400),
  ('reports', 'reports', false, 52428800),
  ('uploads', 'uploads', false, 26214400)
on conflict (id) do update
set public = excluded.public, file_size_limit = excluded.file_size_limit;

select cron.schedule('sweep-jobs', '30 seconds', 'select public.sweep_jobs()');
select cron.schedule('forget-silent-devices', '* * * * *', 'select private.forget_silent_devices()');
select cron.schedule('pace-head-checks', '* * * * *', 'select private.pace_head_checks()');
select cron.schedule('forget-full-buckets', '23 * * * *', 'select private.forget_full_buckets()');
select cron.schedule('send-claim-mails', '* * * * *', 'select private.send_claim_mails()');
select cron.schedule('finish-handovers', '* * * * *', 'select private.finish_handovers()');
select cron.schedule('forget-staff-visits', '53 * * * *', 'select private.forget_staff_visits()');
select cron.schedule('send-invitations', '* * * * *', 'select private.send_invitations()');
select cron.schedule('clean-storage', '41 * * * *', 'select private.clean_storage()');
select cron.schedule('prune-notifications', '17 3 * * *', 'select private.prune_notifications()');
-- pg_cron keeps a row of every run and forgets none; the sweeper alone runs 2,880 times a day.
select cron.schedule(
  'forget-cron-runs', '41 2 * * *', $$delete from cron.job_run_details where end_time < now() - interval '7 days'$$
);
