/** Tells the database that a worker ran out of memory: SQL queues its jobs again, or ends the one that took the memory. */

import { withClient } from '../postgres/index.ts'

/** @param databaseUrl connects as `postgres` */
export function endWorker(databaseUrl: string, workerId: string): Promise<void> {
  return withClient(databaseUrl, async (client) => {
    await client.query('select private.end_worker($1)', [workerId])
  })
}
