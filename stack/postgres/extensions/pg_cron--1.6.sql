-- pg_cron in pure SQL: the tables and functions of the real extension with its names, messages and grants.
-- Every change of cron.job notifies the stack's Node worker, which runs the jobs.

create schema cron;

create sequence cron.jobid_seq;
create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport int not null default inet_server_port(),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter sequence cron.jobid_seq owned by cron.job.jobid;
comment on table cron.job is 'Scheduled jobs. Changed through cron.schedule, cron.alter_job and cron.unschedule only.';
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);

create sequence cron.runid_seq;
create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter sequence cron.runid_seq owned by cron.job_run_details.runid;
comment on table cron.job_run_details is 'One row per run: status running, succeeded or failed.';
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

create function cron.job_cache_invalidate() returns trigger
  language plpgsql set search_path = ''
as $$
begin
  perform pg_catalog.pg_notify('pg_cron', '');
  return null;
end
$$;
create trigger cron_job_cache_invalidate
  after insert or update or delete or truncate on cron.job
  for each statement execute function cron.job_cache_invalidate();

-- One field of a cron line: a list of *, numbers and ranges, each with an optional step.
create function cron._is_valid_field(field text, lowest int, highest int) returns bool
  language plpgsql immutable set search_path = ''
as $$
declare
  part text;
  matched text[];
begin
  foreach part in array pg_catalog.string_to_array(pg_catalog.lower(field), ',') loop
    matched := pg_catalog.regexp_match(part, '^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
    if matched is null then
      return false;
    end if;
    if matched[4]::int = 0
      or matched[2]::int not between lowest and highest
      or matched[3]::int not between matched[2]::int and highest
    then
      return false;
    end if;
  end loop;
  return true;
end
$$;

create function cron._with_numbers(field text, names text[], first int) returns text
  language plpgsql immutable set search_path = ''
as $$
declare
  position int;
  result text := pg_catalog.lower(field);
begin
  for position in 1 .. pg_catalog.cardinality(names) loop
    result := pg_catalog.regexp_replace(result, '\m' || names[position] || '\M', (position - 1 + first)::text, 'g');
  end loop;
  return result;
end
$$;

-- `30 seconds` (1 to 59), `@daily` and its like, or five fields; `$` is the last day of the month.
create function cron._is_valid_schedule(schedule text) returns bool
  language plpgsql immutable set search_path = ''
as $$
declare
  line constant text := pg_catalog.btrim(schedule, E' \t');
  fields text[];
begin
  if line ~* '^([1-9]|[1-5][0-9])[ \t]+seconds?$' then
    return true;
  end if;
  if line ~* '^@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)$' then
    return true;
  end if;
  fields := pg_catalog.regexp_split_to_array(line, '[ \t]+');
  return coalesce(pg_catalog.cardinality(fields) = 5
    and cron._is_valid_field(fields[1], 0, 59)
    and cron._is_valid_field(fields[2], 0, 23)
    and (fields[3] = '$' or cron._is_valid_field(fields[3], 1, 31))
    and cron._is_valid_field(cron._with_numbers(fields[4],
      '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}', 1), 1, 12)
    and cron._is_valid_field(cron._with_numbers(fields[5], '{sun,mon,tue,wed,thu,fri,sat}', 0), 0, 7),
    false);
end
$$;

create function cron._is_superuser(p_role text) returns bool
  language sql stable set search_path = ''
as $$ select exists (select from pg_catalog.pg_roles where rolname = p_role and rolsuper) $$;

-- People schedule through functions and may not write cron.job themselves: the public functions run as their
-- caller and hand the caller's name to a security definer function. A name counts only if the session may
-- become that role, so no role schedules a command as another role.
create function cron._may_act_as(p_username text) returns bool
  language sql stable set search_path = ''
as $$
  select exists (
    select from pg_catalog.pg_roles
    where rolname = p_username and pg_catalog.pg_has_role(session_user, oid, 'member')
  )
$$;

create function cron._put_job(
  p_jobname text, p_schedule text, p_command text, p_database text, p_username text, p_active boolean
) returns bigint
  language plpgsql volatile security definer set search_path = ''
as $$
declare
  found_jobid bigint;
begin
  if p_schedule is null or p_command is null then
    return null;
  end if;
  if not cron._is_valid_schedule(p_schedule) then
    raise exception 'invalid schedule: %', p_schedule
      using errcode = 'invalid_parameter_value',
        hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
  if not cron._may_act_as(p_username) then
    raise exception 'permission denied to schedule a job as "%"', p_username
      using errcode = 'insufficient_privilege';
  end if;
  if not exists (select from pg_catalog.pg_database where datname = p_database and datallowconn) then
    raise exception 'database "%" does not exist', p_database using errcode = 'invalid_catalog_name';
  end if;
  insert into cron.job as existing (jobname, schedule, command, database, username, active)
  values (p_jobname, p_schedule, p_command, p_database, p_username, p_active)
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule, command = excluded.command,
      database = excluded.database, active = excluded.active
  returning existing.jobid into found_jobid;
  return found_jobid;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint
  language sql volatile strict set search_path = ''
as $$ select cron._put_job(null, schedule, command, pg_catalog.current_database(), current_user, true) $$;
comment on function cron.schedule(text, text) is 'schedule a pg_cron job';

create function cron.schedule(job_name text, schedule text, command text) returns bigint
  language plpgsql volatile set search_path = ''
as $$
begin
  if job_name is null then
    raise exception 'job_name can not be NULL';
  end if;
  return cron._put_job(job_name, schedule, command, pg_catalog.current_database(), current_user, true);
end
$$;
comment on function cron.schedule(text, text, text) is 'schedule a pg_cron job';

create function cron.schedule_in_database(
  job_name text,
  schedule text,
  command text,
  database text,
  username text default null,
  active boolean default true
) returns bigint
  language plpgsql volatile set search_path = ''
as $$
begin
  if job_name is null then
    raise exception 'job_name can not be NULL';
  end if;
  if username <> current_user and not cron._is_superuser(current_user) then
    raise exception 'must be superuser to create a job for another role'
      using errcode = 'insufficient_privilege';
  end if;
  return cron._put_job(job_name, schedule, command, database, coalesce(username, current_user),
    coalesce(active, true));
end
$$;
comment on function cron.schedule_in_database(text, text, text, text, text, boolean) is 'schedule a pg_cron job';

create function cron._change_job(
  p_caller text, p_jobid bigint, p_schedule text, p_command text, p_database text, p_username text, p_active boolean
) returns void
  language plpgsql volatile security definer set search_path = ''
as $$
begin
  if not cron._may_act_as(p_caller) then
    raise exception 'permission denied to alter a job of "%"', p_caller using errcode = 'insufficient_privilege';
  end if;
  if p_schedule is not null and not cron._is_valid_schedule(p_schedule) then
    raise exception 'invalid schedule: %', p_schedule
      using errcode = 'invalid_parameter_value',
        hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
  if p_username <> p_caller and not cron._is_superuser(p_caller) then
    raise exception 'must be superuser to alter the role of a job' using errcode = 'insufficient_privilege';
  end if;
  if p_database is not null
    and not exists (select from pg_catalog.pg_database where datname = p_database and datallowconn)
  then
    raise exception 'database "%" does not exist', p_database using errcode = 'invalid_catalog_name';
  end if;
  update cron.job set
    schedule = coalesce(p_schedule, schedule),
    command = coalesce(p_command, command),
    database = coalesce(p_database, database),
    username = coalesce(p_username, username),
    active = coalesce(p_active, active)
  where jobid = p_jobid and (username = p_caller or cron._is_superuser(p_caller));
  if not found then
    raise exception 'Job % does not exist or you don''t own it', p_jobid using errcode = 'undefined_object';
  end if;
end
$$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
  language sql volatile set search_path = ''
as $$ select cron._change_job(current_user, job_id, schedule, command, database, username, active) $$;
comment on function cron.alter_job(bigint, text, text, text, text, boolean)
  is 'Alter the job identified by job_id. Any option left as NULL will not be modified.';

create function cron._remove_job(p_caller text, p_jobid bigint, p_jobname text) returns bool
  language plpgsql volatile security definer set search_path = ''
as $$
begin
  if not cron._may_act_as(p_caller) then
    raise exception 'permission denied to unschedule a job of "%"', p_caller
      using errcode = 'insufficient_privilege';
  end if;
  delete from cron.job
  where (jobid = p_jobid and (username = p_caller or cron._is_superuser(p_caller)))
    or (jobname = p_jobname and username = p_caller);
  if not found then
    raise exception 'could not find valid entry for job ''%''', coalesce(p_jobname, p_jobid::text)
      using errcode = 'internal_error';
  end if;
  return true;
end
$$;

create function cron.unschedule(job_id bigint) returns bool
  language sql volatile strict set search_path = ''
as $$ select cron._remove_job(current_user, job_id, null) $$;
comment on function cron.unschedule(bigint) is 'unschedule a pg_cron job';

create function cron.unschedule(job_name text) returns bool
  language sql volatile strict set search_path = ''
as $$ select cron._remove_job(current_user, null, job_name) $$;
comment on function cron.unschedule(text) is 'unschedule a pg_cron job';

-- Hosted Supabase's grants.
grant select on cron.job, cron.job_run_details to public;
grant usage on schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
grant all on sequence cron.jobid_seq, cron.runid_seq to postgres with grant option;
grant all on all functions in schema cron to postgres with grant option;

select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');
select pg_catalog.pg_extension_config_dump('cron.job_run_details', '');
select pg_catalog.pg_extension_config_dump('cron.runid_seq', '');
