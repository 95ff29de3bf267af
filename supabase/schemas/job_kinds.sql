-- Kinds of jobs: which function does the work, within which limits, and which messages tell of it. A new kind is one
-- row here.

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
  'The type mapping: which function does a kind of job and which messages tell of it. A new kind is one row here.';
comment on column private.job_kinds.function_name is 'Edge Function that is nudged with {"job_id"}.';
comment on column private.job_kinds.done_elsewhere is
  'Another service does the work and tells of it: jobs may be inserted as processing, completed or failed.';
comment on column private.job_kinds.max_attempts is 'Claims before a job is given up; copied to new jobs.';
comment on column private.job_kinds.max_steps is
  'Steps of one job; a job that wants more has failed with too_many_steps, so that work always ends.';
comment on column private.job_kinds.max_concurrent is 'Jobs of this kind that may be processed at once; null: no limit.';
comment on column private.job_kinds.max_concurrent_per_user is 'The same for the jobs of one user.';
comment on column private.job_kinds.lease_seconds is
  'How long a claim holds without report_progress before another worker may take the job.';
comment on column private.job_kinds.retry_base_seconds is
  'Ceiling of the first retry''s random delay; it doubles with each attempt.';
comment on column private.job_kinds.retry_max_seconds is 'No retry waits longer.';
comment on column private.job_kinds.subject_key is 'Field of the message that carries jobs.subject_id.';
comment on column private.job_kinds.queued_type is 'Durable message of a new or requeued job; null: none.';
comment on column private.job_kinds.started_type is 'Durable message of the first claim; null: none.';
comment on column private.job_kinds.progress_type is
  'Volatile message of progress, of retries and of changes without a durable message; null: none.';
comment on column private.job_kinds.queued_status is 'The word for queued in the message''s field status; likewise the others.';
comment on column private.job_kinds.message_defaults is 'Fields of every message where the job''s input has none.';
comment on column private.job_kinds.input_keys is
  'Fields copied from jobs.input into every message. With status among them, the job says its own words for that, and the message has the job''s state as well.';
comment on column private.job_kinds.result_keys is
  'Fields copied from jobs.result into the last message; status as in input_keys.';
-- Row level security without a policy: closed to every API role but service_role, which bypasses it.
alter table private.job_kinds enable row level security;
revoke all on table private.job_kinds from public, anon, authenticated, service_role;
grant select on table private.job_kinds to service_role;

create function private.is_limited(p_kind private.job_kinds)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return p_kind.max_concurrent is not null or p_kind.max_concurrent_per_user is not null;
end;
$$;
comment on function private.is_limited(private.job_kinds) is 'Whether jobs of a kind may have to wait for their turn.';
revoke execute on function private.is_limited(private.job_kinds) from public, anon, authenticated;
