/** Rows of `realtime.messages` as broadcasts. */

import type { Pgoutput } from 'pg-logical-replication'
import type { RealtimeContext } from '../context.ts'
import { userBroadcastMessage } from '../protocol/outgoing.ts'
import type { UserBroadcast } from '../protocol/serializer.ts'

export const MESSAGES_PUBLICATION = 'supabase_realtime_messages_publication'

type Context = Pick<RealtimeContext, 'hub' | 'budgets' | 'drops' | 'settings'>

/** Sends an inserted row to the subscribers of its topic. A row that cannot be sent is dropped and logged. */
export function broadcastRow(context: Context, change: Pgoutput.Message): void {
  if (change.tag !== 'insert') return
  const row = parseRow(change.new)
  const refusal = typeof row === 'string' ? row : limitRefusal(context, row)
  if (typeof row === 'string' || refusal !== undefined) {
    context.drops.note(refusal ?? '', change.new.topic)
    return
  }
  const budget = context.budgets.database
  budget.rate.add()
  const { id, topic, content } = row
  const message = userBroadcastMessage(topic, content, content.metadata)
  context.hub.broadcast(row, message, { budget, id })
}

interface MessageRow {
  id: string
  topic: string
  private: boolean
  content: UserBroadcast
}

/** @returns the reason of the drop for a row that is no broadcast */
function parseRow(row: Record<string, unknown>): MessageRow | string {
  const { id, topic, event, payload, binary_payload: bytes } = row
  if (typeof topic !== 'string' || typeof id !== 'string') return 'row_without_topic'
  if (typeof event !== 'string' || event === '') return 'row_without_event'
  const metadata = `{"id":"${id}"}`
  const common = { id, topic, private: row.private === 't' }
  if (typeof bytes === 'string') {
    const decoded = Buffer.from(bytes.slice('\\x'.length), 'hex')
    return { ...common, content: { event, metadata, encoding: 'binary', payload: decoded } }
  }
  if (typeof payload !== 'string' || !payload.startsWith('{')) return 'row_payload_not_an_object'
  return { ...common, content: { event, metadata, encoding: 'json', payload: Buffer.from(payload) } }
}

function limitRefusal({ settings, budgets }: Context, { content }: MessageRow): string | undefined {
  if (content.payload.length > settings.maxPayloadKb * 1000) return 'row_payload_too_large'
  if (budgets.database.rate.average + 1 > settings.maxEventsPerSecond) return 'database_over_limit'
  return undefined
}
