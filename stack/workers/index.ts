/**
 * Background workers of PostgreSQL extensions. The extensions' SQL, with the signatures of the real ones, is in
 * `stack/postgres/extensions`; the workers do what the extensions' own processes do on hosted Supabase.
 *
 *   net.http_post, ...   -> net.http_request_queue -> NetWorker  -> net._http_response
 *   cron.schedule, ...   -> cron.job               -> CronWorker -> cron.job_run_details
 *   vault.create_secret  is SQL alone; `upsertVaultSecrets` writes the secrets that the product's SQL reads
 */

import type { DatabaseUrls, Logger, Stoppable } from '../types.ts'
import { startCronWorker } from './cron-worker.ts'
import { startNetWorker } from './net-worker.ts'

export { upsertVaultSecrets } from './vault.ts'

export interface WorkersOptions {
  urls: DatabaseUrls
  logger: Logger
}

export function startWorkers({ urls, logger }: WorkersOptions): Stoppable {
  const workers = [startNetWorker({ databaseUrl: urls.admin, logger }), startCronWorker({ urls, logger })]
  return {
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}
