/** What the background workers of PostgreSQL extensions do on hosted Supabase. */

export { type CronWorkerOptions, startCronWorker } from './cron-worker.ts'
export { type NetWorkerOptions, startNetWorker } from './net-worker.ts'
export { upsertVaultSecrets } from './vault.ts'
