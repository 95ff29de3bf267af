-- Kinds of jobs: which Edge Function does the work, within which limits, and which messages tell of it. A new kind is one
-- row of private.job_kinds: docs/adding-a-job-kind.md.

create table private.job_kinds (
  kind text primary key,
  function_name text not null,
  done_elsewhere boolean not null default false,
  max_attempts smallint not null default 3,
  max_steps smallint not null default 100,
  max_concurrent integer default 32,
  max_concurrent_per_user integer default 8,
  lease_seconds integer not null default 60,
  retry_base_seconds integer not null default 2,
  retry_max_seconds integer not null default 300,
  subject_key text not null,
  queued_type text,
  started_type text,
  progress_type text,
  completed_type text not null,
  failed_type text not null,
  queued_status text not null default 'queued',
  started_status text not null default 'processing',
  completed_status text not null default 'completed',
  failed_status text not null default 'failed',
  message_defaults jsonb not null default '{}'::jsonb,
  input_keys text[] not null default '{}',
  result_keys text[] not null default '{}',
  constraint job_kinds_limits_are_positive check (
    max_attempts > 0 and lease_seconds > 0 and retry_base_seconds > 0 and retry_max_seconds >= retry_base_seconds
  ),
  constraint job_kinds_max_steps_is_positive check (max_steps > 0),
  constraint job_kinds_concurrency_is_positive check (max_concurrent > 0 and max_concurrent_per_user > 0),
  constraint job_kinds_function_name_is_a_path_segment check (function_name ~ '^[a-z0-9][a-z0-9_-]*$'),
  constraint job_kinds_message_defaults_are_an_object check (jsonb_typeof(message_defaults) = 'object')
);
comment on table private.job_kinds is
  'Kinds of jobs: the function that does the work, its limits, and the types of the messages that tell of it.';
comment on column private.job_kinds.function_name is 'Edge Function that is called with {"job_id"}.';
comment on column private.job_kinds.done_elsewhere is
  'True: another service does the work and reports it, so jobs may be inserted as processing, completed or failed.';
comment on column private.job_kinds.max_attempts is 'Claims after which a job has failed. Copied to new jobs.';
comment on column private.job_kinds.max_steps is
  'Steps of one job. A job that asks for more fails with too_many_steps, so that every job ends.';
comment on column private.job_kinds.max_concurrent is 'Jobs of this kind that may be processing at once. Null: no limit.';
comment on column private.job_kinds.max_concurrent_per_user is 'Jobs of this kind and one user that may be processing at once. Null: no limit.';
comment on column private.job_kinds.lease_seconds is
  'How long a lease lasts after claim_job or report_progress. Then another worker may take the job.';
comment on column private.job_kinds.retry_base_seconds is
  'Upper bound of the random delay of the first retry. It doubles with each attempt.';
comment on column private.job_kinds.retry_max_seconds is 'Upper bound of the delay of any retry.';
comment on column private.job_kinds.subject_key is 'Name of the message field with jobs.subject_id, such as documentId.';
comment on column private.job_kinds.queued_type is 'Type of the durable message about a new or requeued job. Null: no message.';
comment on column private.job_kinds.started_type is 'Type of the durable message about the first claim. Null: no message.';
comment on column private.job_kinds.progress_type is
  'Type of the volatile message about progress, retries and moves that have no durable message. Null: no message.';
comment on column private.job_kinds.queued_status is 'Value of the message field status while the job is queued. Likewise the other columns *_status.';
comment on column private.job_kinds.message_defaults is 'Fields of every message, unless jobs.input has them.';
comment on column private.job_kinds.input_keys is
  'Fields copied from jobs.input into every message. With status among them, the message field status comes from the input, and a field state has the job''s own status.';
comment on column private.job_kinds.result_keys is
  'Fields copied from jobs.result into the message about the end. With status among them: as for input_keys.';
-- Row level security without a policy closes the table to every API role but service_role, which bypasses it.
alter table private.job_kinds enable row level security;
revoke all on table private.job_kinds from public, anon, authenticated, service_role;
grant select on table private.job_kinds to service_role;

-- In PL/pgSQL, because every change of a job calls it: see publishing.sql.
create function private.is_limited(p_kind private.job_kinds) returns boolean
language plpgsql immutable parallel safe security invoker set search_path = ''
as $$
begin
  return p_kind.max_concurrent is not null or p_kind.max_concurrent_per_user is not null;
end;
$$;
comment on function private.is_limited(private.job_kinds) is 'Whether jobs of the kind may have to wait for a place.';
revoke execute on function private.is_limited(private.job_kinds) from public, anon, authenticated;
