/**
 * Starts a server and stays, for tests that kill the process which owns it. Prints one JSON line when ready:
 * `{ "pid": <postmaster>, "url": <database url of supabase_admin> }`. The arguments are JSON for the options.
 */

import { startPostgres } from '../index.ts'
import { recordingLogger } from './recording-logger.ts'

interface Arguments {
  dataDir: string
  ephemeral: boolean
  dbPassword: string
  vaultKey: string
}

const { dataDir, ephemeral, dbPassword, vaultKey }: Arguments = JSON.parse(process.argv[2] ?? '')
const server = await startPostgres({
  dataDir,
  ephemeral,
  keys: { dbPassword, vaultKey },
  durable: false,
  logger: recordingLogger(),
})
console.log(JSON.stringify({ pid: server.pid, url: server.urls.admin }))
