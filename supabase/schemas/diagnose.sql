-- Diagnosis: what `npm run doctor` asks the database, in one call with a secret key. The function returns facts and does not
-- judge them. It shows no secret, and nothing about a person.

create function public.diagnose() returns jsonb
language plpgsql stable
-- Definer: reads catalogues and extensions that no API role may read.
security definer set search_path = ''
as $$
declare
  v_now constant timestamptz := pg_catalog.clock_timestamp();
  v_today constant date := (v_now at time zone 'utc')::date;
begin
  return pg_catalog.jsonb_build_object(
    'migrations', (
      select coalesce(pg_catalog.jsonb_agg(migration.version order by migration.version), '[]')
      from supabase_migrations.schema_migrations as migration
    ),
    'extensions', (
      select coalesce(pg_catalog.jsonb_agg(extension.extname order by extension.extname), '[]')
      from pg_catalog.pg_extension as extension
      where extension.extname in ('pg_net', 'pg_cron', 'supabase_vault')
    ),
    'tables_without_rls', (
      select coalesce(pg_catalog.jsonb_agg(class.oid::regclass::text order by class.oid::regclass::text), '[]')
      from pg_catalog.pg_class as class
      where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        and class.relkind in ('r', 'p')
        and not class.relrowsecurity
    ),
    'realtime_policies', (
      select pg_catalog.count(*)
      from pg_catalog.pg_policies as policy
      where policy.schemaname = 'realtime' and policy.tablename = 'messages' and 'authenticated' = any (policy.roles)
    ),
    'storage_policies', (
      select pg_catalog.count(*)
      from pg_catalog.pg_policies as policy
      where policy.schemaname = 'storage' and policy.tablename = 'objects' and 'authenticated' = any (policy.roles)
    ),
    'buckets', (
      select coalesce(pg_catalog.jsonb_object_agg(bucket.id, bucket.public), '{}')
      from storage.buckets as bucket
    ),
    'disabled_triggers', (
      select coalesce(pg_catalog.jsonb_agg(tg.tgname order by tg.tgname), '[]')
      from pg_catalog.pg_trigger as tg
      where tg.tgrelid in ('public.jobs'::regclass, 'public.documents'::regclass, 'public.incidents'::regclass)
        and tg.tgenabled = 'D'
    ),
    -- Realtime makes this publication for broadcasts from the database, and a partition per day.
    'broadcast_publication', exists (
      select from pg_catalog.pg_publication as publication
      where publication.pubname = 'supabase_realtime_messages_publication'
    ),
    'published_tables', (
      select coalesce(pg_catalog.jsonb_agg(published.tablename order by published.tablename), '[]')
      from pg_catalog.pg_publication_tables as published
      where published.pubname = 'supabase_realtime' and published.schemaname = 'public'
    ),
    'message_partitions', (
      select pg_catalog.jsonb_build_object(
        'today', coalesce(pg_catalog.bool_or(child.relname = 'messages_' || pg_catalog.to_char(v_today, 'YYYY_MM_DD')), false),
        'tomorrow', coalesce(pg_catalog.bool_or(child.relname = 'messages_' || pg_catalog.to_char(v_today + 1, 'YYYY_MM_DD')), false)
      )
      from pg_catalog.pg_inherits as inherits
      join pg_catalog.pg_class as child on child.oid = inherits.inhrelid
      where inherits.inhparent = 'realtime.messages'::regclass
    ),
    -- The URL is not a secret. Of the key there is only a hash, to compare with.
    'project_url', (
      select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.name = 'project_url'
    ),
    'secret_key_sha256', (
      select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(secret.decrypted_secret, 'utf8')), 'hex')
      from vault.decrypted_secrets as secret
      where secret.name = 'secret_key'
    ),
    'cron_jobs', (
      select coalesce(
        pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object(
            'name', job.jobname,
            'active', job.active,
            'last_status', run.status,
            'last_message', case run.status when 'failed' then pg_catalog.left(run.return_message, 300) end,
            'seconds_ago', pg_catalog.round(extract(epoch from v_now - run.start_time))
          )
          order by job.jobname
        ),
        '[]'
      )
      from cron.job as job
      left join lateral (
        select details.status, details.return_message, details.start_time
        from cron.job_run_details as details
        where details.jobid = job.jobid
        order by details.runid desc
        limit 1
      ) as run on true
    ),
    'nudges_last_hour', (
      select pg_catalog.jsonb_build_object(
        'answered', pg_catalog.count(*) filter (where response.status_code between 200 and 299),
        'failed', pg_catalog.count(*) filter (where response.status_code is null or response.status_code >= 300),
        'last_failure', (
          pg_catalog.array_agg(
            coalesce('HTTP ' || response.status_code, response.error_msg, 'timed out')
            order by response.created desc
          ) filter (where response.status_code is null or response.status_code >= 300)
        )[1]
      )
      from net._http_response as response
      where response.created > v_now - interval '1 hour'
    ),
    'jobs', (
      select pg_catalog.jsonb_build_object(
        'waiting', pg_catalog.count(*) filter (where job.status = 'queued'),
        'under_way', pg_catalog.count(*) filter (where job.status = 'processing'),
        'oldest_due_seconds', coalesce(pg_catalog.round(extract(epoch from v_now - pg_catalog.min(job.next_attempt_at) filter (
          where job.status = 'queued' and job.next_attempt_at <= v_now
        ))), 0),
        'expired_leases', pg_catalog.count(*) filter (
          where job.status = 'processing' and job.lease_expires_at < v_now - interval '2 minutes'
        )
      )
      from public.jobs as job
      where job.status in ('queued', 'processing')
    ),
    'claim_mails', (
      select pg_catalog.jsonb_build_object(
        'waiting', pg_catalog.count(*) filter (where mail.status = 'queued'),
        'failed', pg_catalog.count(*) filter (where mail.status = 'failed'),
        'suppressed', pg_catalog.count(*) filter (where mail.status = 'suppressed'),
        'oldest_due_seconds', coalesce(pg_catalog.round(extract(epoch from v_now - pg_catalog.min(mail.created_at) filter (
          where mail.status = 'queued'
        ))), 0),
        'last_error', (
          pg_catalog.array_agg(mail.error_code order by mail.attempted_at desc) filter (where mail.error_code is not null)
        )[1]
      )
      from private.claim_mails as mail
      where mail.status = 'queued' or mail.created_at > v_now - interval '7 days'
    ),
    'devices_must_register', (select limits.devices_must_register from private.limits as limits)
  );
end;
$$;
comment on function public.diagnose() is
  'Facts about the configuration and health of this project, for `npm run doctor`. No secrets, and nothing about people.';
revoke execute on function public.diagnose() from public, anon, authenticated;
grant execute on function public.diagnose() to service_role;
