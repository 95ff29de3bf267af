-- pg_cron keeps a row of every run and forgets none; the sweeper alone runs 2,880 times a day.

select cron.schedule(
  'forget-cron-runs',
  '41 2 * * *',
  $$delete from cron.job_run_details where end_time < now() - interval '7 days'$$
);
