/**
 * The embedded stack: what hosted Supabase is for a project, on one machine, from npm.
 *
 *   keys ─▶ PostgreSQL ─▶ migrations ─▶ gateway's port ─▶ services ─▶ workers
 *                                                        (stopped in reverse order)
 */

import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type AuthSettings, createAuthService, createSmtpTransport, readAuthConfig } from './auth/index.ts'
import { ensureDataDir } from './data-dir.ts'
import { createFunctionsHost, endWorker, supabaseEnvironment } from './functions/index.ts'
import { createGateway } from './gateway/index.ts'
import { KEYS_FILE, loadOrCreateKeys } from './keys/index.ts'
import { createTerminalLogger } from './logger.ts'
import { createMailbox } from './mail/index.ts'
import { applyMigrations, removeCluster, startPostgres } from './postgres/index.ts'
import { createRealtime, type RealtimeSettings } from './realtime/index.ts'
import { createRestService } from './rest/index.ts'
import { removeRunningFile, writeRunningFile } from './running-file.ts'
import { createStorageService } from './storage/index.ts'
import { restartOnCrash } from './supervise.ts'
import { type SimulatorOptions, startTranscriptionSimulator } from './transcription/index.ts'
import type { DatabaseUrls, Logger, StackKeys, Stoppable } from './types.ts'
import { startWorkers, upsertVaultSecrets } from './workers/index.ts'

export interface StackOptions {
  /** Folder of database, objects and keys. Default `.stack`. */
  dataDir?: string
  /** Empties `dataDir` first. Default false. */
  fresh?: boolean
  /**
   * Preferred ports. A taken port gives a warning and the next free one; 0 picks any free port.
   * Defaults 54321, 54322 and 54324.
   */
  ports?: { api?: number; db?: number; mail?: number }
  logger?: Logger
  /**
   * Names for the Host header beside localhost and the machine's addresses, e.g. of a tunnel or proxy. Requests with
   * another name are refused. Default none.
   */
  allowedHosts?: readonly string[]
  /** Additional environment of the Edge Functions. */
  functionsEnv?: Record<string, string>
  /**
   * The stand-in for a transcription service, used where `functionsEnv` has no `TRANSCRIPTION_API_KEY`. Without it
   * (false), voice notes end in `transcription_not_configured`.
   */
  transcription?: Omit<SimulatorOptions, 'logger'> | false
  /** Wall-clock limit of one function request, ms. Default 150000, as on hosted Supabase's free plan. */
  functionsTimeoutMs?: number
  /** Settings of Auth in place of those in `supabase/config.toml`. */
  auth?: Partial<AuthSettings>
  /**
   * MiB that the process of a function may take in all. A process beyond that is ended, and its jobs are queued again or end
   * in `worker_out_of_memory`. Default 512; hosted functions have 256. Not on Windows.
   */
  functionsMemoryMb?: number
  /** Settings of Realtime. Default: those of hosted Supabase, and private channels only. */
  realtime?: Partial<RealtimeSettings>
  /** When aborted, the parts that have been started are stopped and no further part is started. */
  signal?: AbortSignal
}

/** A running embedded stack. `stop()` ends every process; safe to call twice. */
export interface Stack extends AsyncDisposable {
  /** Gateway, e.g. `http://127.0.0.1:54321`. */
  readonly url: string
  readonly dbUrl: string
  readonly db: DatabaseUrls
  readonly keys: StackKeys
  /** Page and API of the mailbox, e.g. `http://127.0.0.1:54324`. */
  readonly mailboxUrl: string
  readonly dataDir: string
  /** The application's address, where links in mails lead, in place of `site_url`. */
  setSiteUrl(url: string): void
  stop(): Promise<void>
}

const ROOT = resolve(import.meta.dirname, '..')
const DEFAULT_PORTS = { api: 54321, db: 54322, mail: 54324 }
const MAIL_SENDER = { senderAddress: 'no-reply@claimwire.test', senderName: 'Claimwire' }

/**
 * Starts every part and applies pending migrations. If a part cannot be started, the others are stopped.
 * @throws AppError of the part: `data_dir_unusable`, `data_dir_in_use`, `keys_file_invalid`, `postgres_start_failed`,
 * `migration_failed`, `deno_missing`, ...; or the signal's reason
 */
export async function createStack(options: StackOptions = {}): Promise<Stack> {
  const dataDir = resolve(options.dataDir ?? join(ROOT, '.stack'))
  const logger = options.logger ?? createTerminalLogger({ level: 'warn' })
  const ports = { ...DEFAULT_PORTS, ...options.ports }
  const postgresDir = join(dataDir, 'postgres')
  const storageDir = join(dataDir, 'storage')
  await ensureDataDir(dataDir)
  if (options.fresh) {
    // The cluster first: its removal is refused while another stack uses the folder.
    await removeCluster(postgresDir, logger)
    for (const path of [storageDir, join(dataDir, KEYS_FILE)])
      await rm(path, { recursive: true, force: true })
  }
  await using parts = new AsyncDisposableStack()
  const stopAtEnd = <Part extends Stoppable>(part: Part): Part => parts.adopt(part, () => part.stop())

  const keys = await loadOrCreateKeys(dataDir)
  const authConfig = await readAuthConfig(ROOT)
  const postgres = parts.use(await startPostgres({ dataDir: postgresDir, port: ports.db, keys, logger }))
  const { urls } = postgres
  parts.defer(restartOnCrash(postgres, logger))
  options.signal?.throwIfAborted()
  await applyMigrations({ url: urls.postgres, logger })
  options.signal?.throwIfAborted()

  const { allowedHosts = [] } = options
  const gateway = stopAtEnd(await createGateway({ port: ports.api, keys, logger, allowedHosts }))
  const { url } = gateway
  // An operator does this once on hosted Supabase: SQL calls functions at this address, with this key.
  await upsertVaultSecrets(urls.admin, { project_url: url, secret_key: keys.secretKey })

  const rest = stopAtEnd(await createRestService({ urls, logger }))
  const mailbox = stopAtEnd(await createMailbox({ port: ports.mail, allowedHosts, logger }))
  const auth = stopAtEnd(
    createAuthService({
      databaseUrl: urls.admin,
      keys,
      logger,
      issuer: `${url}/auth/v1`,
      settings: { ...authConfig.settings, ...options.auth },
      templates: authConfig.templates,
      mail: createSmtpTransport(authConfig.smtp ?? { ...mailbox.smtp, ...MAIL_SENDER }),
    }),
  )
  const storage = stopAtEnd(
    await createStorageService({ databaseUrl: urls.authenticator, dir: storageDir, keys, logger }),
  )
  const realtime = stopAtEnd(
    createRealtime({
      db: urls,
      keys,
      jwks: keys.jwks,
      logger,
      settings: { privateOnly: true, ...options.realtime },
    }),
  )
  // A key for a real transcription service takes the simulator's place.
  const simulated = options.transcription !== false && !options.functionsEnv?.TRANSCRIPTION_API_KEY
  const simulator = simulated
    ? parts.use(await startTranscriptionSimulator({ logger, ...options.transcription }))
    : undefined
  /** Where links of mails lead, once the dashboard has an address. Functions that start later know it. */
  let siteUrl: string | undefined
  const functions = stopAtEnd(
    createFunctionsHost({
      functionsDir: join(ROOT, 'supabase', 'functions'),
      sharedDirs: [join(ROOT, 'functions-shared')],
      env: () => ({
        ...supabaseEnvironment(url, keys),
        TYPEFORM_WEBHOOK_SECRET: keys.typeformSecret,
        ...(siteUrl !== undefined && { DASHBOARD_URL: siteUrl }),
        ...simulator?.env,
        ...options.functionsEnv,
      }),
      denyNet: [`127.0.0.1:${postgres.port}`],
      onOutOfMemory: (workerId) => endWorker(urls.postgres, workerId),
      workDir: join(dataDir, 'functions'),
      logger,
      ...(options.functionsTimeoutMs !== undefined && { timeoutMs: options.functionsTimeoutMs }),
      ...(options.functionsMemoryMb !== undefined && { memoryMb: options.functionsMemoryMb }),
    }),
  )
  gateway.mount({ rest, auth, storage, realtime, realtimeSocket: realtime, functions })
  stopAtEnd(startWorkers({ urls, logger }))
  await Promise.all([realtime.ready, rest.reloadSchema()])

  await writeRunningFile(dataDir, { url, dbUrl: urls.postgres, pid: process.pid })
  parts.defer(() => removeRunningFile(dataDir))
  const running = parts.move()
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= running.disposeAsync()
    return stopped
  }
  return {
    url,
    dbUrl: urls.postgres,
    db: urls,
    keys,
    mailboxUrl: mailbox.url,
    dataDir,
    setSiteUrl(address) {
      siteUrl = address
      auth.setSiteUrl(address)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
