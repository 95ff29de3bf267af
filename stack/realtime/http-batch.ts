/** The body of a batch of broadcasts, checked field by field; the errors are those of the real server. */

import * as v from 'valibot'
import { isRecord } from '../../functions-shared/unknown.ts'

export type BatchMessage = v.InferOutput<ReturnType<typeof messageSchema>>

export type ParsedBatch =
  | { ok: true; messages: BatchMessage[] }
  | { ok: false; errors: (string | Record<string, string[]>)[] }

const BLANK = "can't be blank"
const INVALID = 'is invalid'
export const TOO_LARGE = 'Payload size exceeds tenant limit'

const Text = v.optional(
  v.pipe(
    v.nullable(v.string(INVALID)),
    v.string(BLANK),
    v.check((text) => text.trim() !== '', BLANK),
  ),
  null,
)

/** Texts as well, because the real server casts them. */
const FLAGS = new Map<unknown, boolean>([
  ...[null, '', false, 'false', '0'].map((value) => [value, false] as const),
  ...[true, 'true', '1'].map((value) => [value, true] as const),
])

const Flag = v.optional(
  v.pipe(
    v.unknown(),
    v.check((value) => FLAGS.has(value), INVALID),
    v.transform((value) => FLAGS.get(value) === true),
  ),
  null,
)

function messageSchema(maxPayloadBytes: number) {
  return v.object({
    topic: Text,
    event: Text,
    payload: v.optional(
      v.pipe(
        v.unknown(),
        v.check((payload) => payload !== null, BLANK),
        v.custom<Record<string, unknown>>(isRecord, INVALID),
        v.check((payload) => Buffer.byteLength(JSON.stringify(payload)) <= maxPayloadBytes, TOO_LARGE),
      ),
      null,
    ),
    private: Flag,
    id: v.fallback(v.optional(v.pipe(v.string(), v.nonEmpty())), undefined),
  })
}

/** @param maxPayloadBytes of one message's payload as JSON */
export function parseBatch(body: Record<string, unknown>, maxPayloadBytes: number): ParsedBatch {
  const { messages } = body
  if (messages === undefined || messages === null) return { ok: false, errors: [BLANK] }
  if (!Array.isArray(messages) || !messages.every(isRecord)) return { ok: false, errors: [INVALID] }
  if (messages.length === 0) return { ok: false, errors: [BLANK] }
  const schema = messageSchema(maxPayloadBytes)
  const parsed = messages.map((message) => v.safeParse(schema, message))
  if (parsed.every((result) => result.success)) {
    return { ok: true, messages: parsed.map(({ output }) => output) }
  }
  return { ok: false, errors: parsed.map(({ issues }) => (issues ? errorsOf(issues) : {})) }
}

/** One text for each field, as the real server gives it. */
function errorsOf(issues: readonly v.BaseIssue<unknown>[]): Record<string, string[]> {
  return Object.fromEntries(issues.map((issue) => [v.getDotPath(issue) ?? '', [issue.message]]))
}
