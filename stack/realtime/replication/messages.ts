/** Rows of `realtime.messages` as broadcasts. */

import type { Pgoutput } from 'pg-logical-replication'
import type { RealtimeContext } from '../context.ts'
import { userBroadcastMessage } from '../protocol/outgoing.ts'

export const MESSAGES_PUBLICATION = 'supabase_realtime_messages_publication'

type Context = Pick<RealtimeContext, 'hub' | 'logger' | 'rates' | 'settings'>

/** Sends an inserted row to the subscribers of its topic; whatever cannot be sent is logged and dropped. */
export function broadcastRow(context: Context, change: Pgoutput.Message): void {
  if (change.tag !== 'insert') return
  const row = parseRow(change.new)
  const refusal = 'problem' in row ? row.problem : limitRefusal(context, row)
  if ('problem' in row || refusal) {
    context.logger.warn('realtime', `A message from the database was dropped: ${refusal}`, {
      topic: change.new.topic,
      event: change.new.event,
    })
    return
  }
  context.rates.events.add()
  const metadata = `{"id":"${row.id}"}`
  const { event, encoding, payload } = row
  const message = userBroadcastMessage(row.topic, { event, encoding, metadata, payload }, metadata)
  context.hub.broadcast(row, message, { id: row.id })
}

interface MessageRow {
  id: string
  topic: string
  private: boolean
  event: string
  encoding: 'json' | 'binary'
  payload: Buffer
}

function parseRow(row: Record<string, unknown>): MessageRow | { problem: string } {
  const { id, topic, event, payload, binary_payload: bytes } = row
  if (typeof topic !== 'string' || typeof id !== 'string') return { problem: 'it has no topic' }
  if (typeof event !== 'string' || event === '') return { problem: 'it has no event' }
  const common = { id, topic, event, private: row.private === 't' }
  if (typeof bytes === 'string') {
    return { ...common, encoding: 'binary', payload: Buffer.from(bytes.slice('\\x'.length), 'hex') }
  }
  if (typeof payload !== 'string' || !payload.startsWith('{')) return { problem: 'its payload is no object' }
  return { ...common, encoding: 'json', payload: Buffer.from(payload) }
}

function limitRefusal({ settings, rates }: Context, row: MessageRow): string | undefined {
  if (row.payload.length > settings.maxPayloadKb * 1000) return 'its payload is too large'
  if (rates.events.average + 1 > settings.maxEventsPerSecond) return 'too many messages per second'
  return undefined
}
