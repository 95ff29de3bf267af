/**
 * One real claim through the whole path: a signed Typeform webhook with three photos (one of them broken) and a
 * voice note, the functions' work, and every message as an independent, unmodified supabase-js subscriber receives it.
 */

import { randomUUID } from 'node:crypto'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { ServerMessage, UserMessage } from '../functions-shared/message-types.ts'
import { isDurable } from '../functions-shared/parse-message.ts'
import { userTopic } from '../functions-shared/topics.ts'
import { buildTypeformResponse, signTypeformBody } from '../samples/typeform.ts'

/** All jobs of the claim have ended by then, retries included. */
const WORK_TIMEOUT_MS = 90_000
/** A message that has not reached the subscriber this long after the end of the last job counts as lost. */
const ARRIVAL_TIMEOUT_MS = 5_000
const POLL_MS = 100

export interface SampleClaimOptions {
  /** Gateway of the stack. */
  url: string
  publishableKey: string
  typeformSecret: string
  /** The user who reports the crash and listens. */
  user: { email: string; password: string }
  /** Addresses of the photos, in the order of the answers. */
  photoUrls: readonly string[]
  /** Addresses of the voice notes. */
  voiceNoteUrls: readonly string[]
  onMessage?: (received: ReceivedMessage) => void
}

export interface ReceivedMessage {
  message: UserMessage
  /** Milliseconds from the status change in the database to the subscriber. */
  latencyMs: number
}

export interface SampleClaimResult {
  incidentId: string
  received: ReceivedMessage[]
  /** Durable notifications of the claim that the subscriber did not receive. */
  lost: number
  /** Durable notifications that it received more than once. */
  duplicates: number
  p50Ms: number
}

/** Throws when a step of the path fails or when the work does not end in time. */
export async function runSampleClaim(options: SampleClaimOptions): Promise<SampleClaimResult> {
  const supabase = createClient(options.url, options.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  })
  const deviceId = randomUUID()
  try {
    const { data, error } = await supabase.auth.signInWithPassword(options.user)
    if (error !== null) throw new Error('the demo user cannot sign in', { cause: error })
    const registered = await supabase.rpc('register_device', {
      p_device_id: deviceId,
      p_label: 'Sample claim',
    })
    if (registered.error !== null)
      throw new Error('the subscriber could not register as a device', { cause: registered.error })
    const received: ReceivedMessage[] = []
    await subscribe(supabase, data.user.id, (message) => {
      const item = { message, latencyMs: Date.now() - Date.parse(message.timestamp) }
      received.push(item)
      options.onMessage?.(item)
    })
    const incidentId = await postWebhook(options, data.user.id)
    const expected = await durableMessages(supabase, incidentId)
    await poll(ARRIVAL_TIMEOUT_MS, async () => {
      const seen = new Set(received.flatMap(({ message }) => (isDurable(message) ? [message.seq] : [])))
      return expected.every((seq) => seen.has(seq))
    })
    return summarise(incidentId, received, expected)
  } finally {
    await supabase.removeAllChannels()
    await supabase.rpc('unregister_device', { p_device_id: deviceId })
    await supabase.auth.signOut({ scope: 'local' })
  }
}

async function subscribe(
  supabase: SupabaseClient,
  userId: string,
  deliver: (message: UserMessage) => void,
): Promise<void> {
  await supabase.realtime.setAuth()
  const channel = supabase.channel(userTopic(userId), { config: { private: true } })
  channel.on<ServerMessage>('broadcast', { event: '*' }, ({ payload }) => {
    if (payload.type === 'batch_update') payload.messages.forEach(deliver)
    else deliver(payload)
  })
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve()
      else if (status !== 'CLOSED') reject(new Error(`subscribing ended in ${status}`, { cause: error }))
    })
  })
}

async function postWebhook(options: SampleClaimOptions, userId: string): Promise<string> {
  const body = JSON.stringify(
    buildTypeformResponse({
      userId,
      email: options.user.email,
      files: options.photoUrls,
      voiceNotes: options.voiceNoteUrls,
      details: true,
    }),
  )
  const response = await fetch(`${options.url}/functions/v1/typeform-webhook`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'typeform-signature': signTypeformBody(body, options.typeformSecret),
    },
    body,
  })
  const answer: unknown = await response.json()
  const incidentId =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'incident_id') : undefined
  if (response.status !== 200 || typeof incidentId !== 'string') {
    throw new Error(`the webhook answered ${response.status}: ${JSON.stringify(answer)}`)
  }
  return incidentId
}

/** Waits until all jobs of the incident have ended, its report's too; returns the `seq` of their notifications. */
async function durableMessages(supabase: SupabaseClient, incidentId: string): Promise<number[]> {
  const ended = await poll(WORK_TIMEOUT_MS, async () => {
    const { data, error } = await supabase.from('jobs').select('kind, status').eq('incident_id', incidentId)
    if (error !== null) throw new Error('the jobs cannot be read', { cause: error })
    const ended = data.filter(({ status }) => status === 'completed' || status === 'failed')
    // The report is queued in the transaction in which the last file's work ends.
    return ended.length === data.length && ended.some(({ kind }) => kind === 'pdf')
  })
  if (!ended) throw new Error(`the claim's jobs did not end within ${WORK_TIMEOUT_MS / 1000} s`)
  const { data, error } = await supabase
    .from('notifications')
    .select('seq')
    .eq('payload->>incidentId', incidentId)
    .order('seq')
  if (error !== null) throw new Error('the notifications cannot be read', { cause: error })
  return data.map(({ seq }) => Number(seq))
}

/** Polls until `probe` says true; false when it has not within the time. */
async function poll(timeoutMs: number, probe: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (!(await probe())) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return true
}

function summarise(incidentId: string, received: ReceivedMessage[], expected: number[]): SampleClaimResult {
  const seqs = received.flatMap(({ message }) => (isDurable(message) ? [message.seq] : []))
  const seen = new Set(seqs)
  const latencies = received.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  return {
    incidentId,
    received,
    lost: expected.filter((seq) => !seen.has(seq)).length,
    duplicates: seqs.length - seen.size,
    p50Ms: latencies[Math.floor(latencies.length / 2)] ?? 0,
  }
}
