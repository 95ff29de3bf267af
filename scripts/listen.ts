/**
 * `npm run listen -- --user <email>`: prints what a user is told, live, until Ctrl-C.
 *
 * The command uses the client library, so it has the library's promise: a lost broadcast is read from the
 * table, and every message comes once and in order. With a secret key it listens as an operator, who needs no
 * password and takes none of the user's places for devices; else it signs in as the user.
 */

import { styleText } from 'node:util'
import { createClient } from '@supabase/supabase-js'
import { DashboardWebSocketClient, type StateEvent } from '../web/src/client/index.ts'
import { parseFlags, runCommand, UsageError } from './command-line.ts'
import { eventLine } from './event-line.ts'
import { type Listener, operator, signedIn } from './listen-as.ts'
import { findProject, PROJECT_OPTIONS, PROJECT_USAGE } from './project.ts'

const USAGE = `npm run listen -- --user <e-mail or id>    prints what a user is told, live

Options:
  --user <e-mail or id>      whose messages
  --json                     one JSON object a line instead of text for people
  --since <seq>              begin after this number instead of now
${PROJECT_USAGE}
                             without SUPABASE_SECRET_KEY it signs in as the user: CLAIMWIRE_PASSWORD
  --help                     this page`

await runCommand(USAGE, main)

async function main(): Promise<void> {
  const values = readFlags()
  if (values.help) return console.log(USAGE)
  if (values.user === undefined) throw new UsageError('Whose messages? Name a user with --user.')
  const since = values.since === undefined ? undefined : seqOf(values.since)
  const project = await findProject(values)
  const password = process.env.CLAIMWIRE_PASSWORD
  if (project.secretKey === undefined && password === undefined) {
    throw new UsageError('It takes SUPABASE_SECRET_KEY, or CLAIMWIRE_PASSWORD to sign in as the user.')
  }
  const listener =
    project.secretKey === undefined
      ? await signedIn(createSupabase(project.url, project.publishableKey), values.user, password ?? '')
      : await operator(createSupabase(project.url, project.secretKey), values.user)
  await listen(listener, { json: values.json, since })
}

function createSupabase(url: string, key: string) {
  return createClient(url, key, { auth: { persistSession: false, autoRefreshToken: true } })
}

function readFlags() {
  return parseFlags({
    options: {
      ...PROJECT_OPTIONS,
      user: { type: 'string' },
      json: { type: 'boolean', default: false },
      since: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

function seqOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`"${text}" is not a number of a message.`)
}

async function listen(
  listener: Listener,
  { json, since }: { json: boolean; since: number | undefined },
): Promise<void> {
  const client = new DashboardWebSocketClient({ ...listener.options, ...(await listener.from(since)) })
  const print = (value: object, text: string) => console.log(json ? JSON.stringify(value) : text)
  client.on('message', (message, { replayed }) => {
    const latency = Date.now() - Date.parse(message.timestamp)
    print({ ...message, replayed }, eventLine(message, replayed ? 'missed' : `${latency} ms`))
  })
  client.on('state', (change) => print({ type: 'state', ...change }, stateLine(change)))
  client.on('error', ({ code, message }) => {
    if (code !== 'connection_lost')
      print({ type: 'error', code, message }, styleText('red', `  ${message} (${code})`))
  })
  const stopped = new Promise<void>((resolve) => {
    for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const)
      process.on(event, () => resolve())
  })
  if (!json) console.log(`  Listening for ${listener.name}; Ctrl-C ends it.\n`)
  await Promise.race([client.connect(listener.userId).then(() => stopped), stopped])
  client.disconnect()
}

function stateLine({ new: state, reason }: StateEvent): string {
  const why = `  ${reason}`
  if (state === 'live') return styleText('green', '  ● Live')
  if (state === 'offline') return styleText('gray', `  ○ Offline${why}`)
  if (state === 'error') return styleText('red', `  ⚠ Error${why}`)
  return styleText('gray', `  ○ ${state}${why}`)
}
