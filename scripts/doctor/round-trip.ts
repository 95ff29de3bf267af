/**
 * One job from its insertion to the client, with a user that is made for this check and deleted afterwards:
 *
 *   sign-up ─▶ private channel ─▶ job ─▶ nudge ─▶ function ─▶ status change ─▶ broadcast ─▶ client
 *
 * The job is about a document that does not exist, so the function ends the job at once and stores no files.
 */

import { randomBytes, randomUUID } from 'node:crypto'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../functions-shared/database.types.ts'
import type { JobMessage } from '../../functions-shared/message-types.ts'
import { DashboardWebSocketClient } from '../../web/src/client/index.ts'
import { type Check, failed, ok, warning } from './check.ts'

const CONNECT_TIMEOUT_MS = 20_000
/** Milliseconds. A function may have to start before it claims the job. */
const WORK_TIMEOUT_MS = 30_000

export async function checkRoundTrip(
  url: string,
  publishableKey: string,
  secretKey: string,
): Promise<Check[]> {
  const options = { auth: { persistSession: false, autoRefreshToken: false } }
  const admin = createClient<Database>(url, secretKey, options)
  const email = `doctor-${randomUUID()}@claimwire.invalid`
  const password = randomBytes(24).toString('base64url')
  const { data, error } = await admin.auth.admin.createUser({ email, password, email_confirm: true })
  if (error !== null) {
    return [failed('round trip', `no user can be made: ${error.message}`, 'Check SUPABASE_SECRET_KEY.')]
  }
  const { id: userId } = data.user
  const supabase = createClient<Database>(url, publishableKey, options)
  const client = new DashboardWebSocketClient({ supabase, storage: null, tabs: null })
  try {
    const signedIn = await supabase.auth.signInWithPassword({ email, password })
    if (signedIn.error !== null) {
      return [
        failed(
          'round trip',
          `the user cannot sign in: ${signedIn.error.message}`,
          (signedIn.error.status ?? 0) >= 500 ? "Look into Auth's log." : 'Allow e-mail sign-ins in Auth.',
        ),
      ]
    }
    const joined = await join(client, userId)
    if (joined.verdict !== 'ok') return [joined]
    return [joined, await privacy(supabase), await work(admin, client, userId)]
  } finally {
    client.disconnect()
    await supabase.removeAllChannels()
    await admin.auth.admin.deleteUser(userId)
  }
}

async function join(client: DashboardWebSocketClient, userId: string): Promise<Check> {
  const errors: string[] = []
  const off = client.on('error', ({ code }) => errors.push(code))
  const began = performance.now()
  const live = await within(
    CONNECT_TIMEOUT_MS,
    client.connect(userId).then(() => true),
  )
  off()
  if (live === true) return ok('private channel', `live after ${Math.round(performance.now() - began)} ms`)
  const { state, reason } = client.getState()
  return failed(
    'private channel',
    `${state} after ${CONNECT_TIMEOUT_MS / 1000} s: ${errors.at(-1) ?? reason ?? 'no reason given'}`,
    'See the policies and the publication above, and the code in docs/error-codes.md.',
  )
}

/** On a public channel, all clients with the publishable key can send to each other. */
async function privacy(supabase: SupabaseClient): Promise<Check> {
  const foreign = await subscribe(supabase, `user:${randomUUID()}`, true)
  if (foreign) {
    return failed(
      'privacy',
      'a user can join the topic of another',
      'Drop policies on realtime.messages that are not of supabase/schemas/realtime_policies.sql.',
    )
  }
  return (await subscribe(supabase, `doctor:${randomUUID()}`, false))
    ? warning(
        'privacy',
        'topics of others are closed, but public channels are allowed',
        'Turn off "Allow public access" in the project\'s Realtime settings.',
      )
    : ok('privacy', 'topics of others are closed, public channels too')
}

/** Whether the channel lets this user in. */
async function subscribe(supabase: SupabaseClient, topic: string, isPrivate: boolean): Promise<boolean> {
  const channel = supabase.channel(topic, { config: { private: isPrivate } })
  const joined = new Promise<boolean>((resolve) => {
    channel.subscribe((status) => resolve(status === 'SUBSCRIBED'))
  })
  const answer = await joined
  await supabase.removeChannel(channel)
  return answer
}

async function work(
  admin: SupabaseClient<Database>,
  client: DashboardWebSocketClient,
  userId: string,
): Promise<Check> {
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  let startedMs: number | undefined
  const ended = new Promise<JobMessage>((resolve) => {
    client.on('image_processing_started', () => {
      startedMs = since()
    })
    client.on('image_processing_failed', resolve)
  })
  const { error } = await admin.from('jobs').insert({
    kind: 'image',
    user_id: userId,
    subject_id: randomUUID(),
    input: { documentType: 'doctor' },
    // The table's trigger sets this column from the kind.
    max_attempts: 1,
  })
  if (error !== null)
    return failed('round trip', `no job can be made: ${error.message}`, 'See the migrations above.')
  const message = await within(WORK_TIMEOUT_MS, ended)
  if (message === undefined) {
    return startedMs === undefined
      ? failed(
          'round trip',
          `the job was not taken up within ${WORK_TIMEOUT_MS / 1000} s`,
          'See vault, nudges and function process-image above.',
        )
      : failed('round trip', 'the job was taken up and did not end', 'Look into the logs of process-image.')
  }
  return ok('round trip', `job to client: taken up after ${startedMs ?? '?'} ms, ended after ${since()} ms`)
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const limit = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => limit.resolve(undefined), ms)
  try {
    return await Promise.race([promise, limit.promise])
  } finally {
    clearTimeout(timer)
  }
}
