/**
 * The service's answers: `json`, `verbose_json`, and the events of a stream. All fields but the text are optional, and
 * malformed ones are ignored, because compatible services differ in them.
 */

import type { EventSourceMessage } from 'eventsource-parser'
import * as v from 'valibot'
import { AppError } from '../../../../../functions-shared/app-error.ts'
import { fittingEntries, readAs, unexpectedValue } from '../../../../../functions-shared/read-as.ts'
import type { Segment, Transcript } from '../provider.ts'
import { languageTag } from './languages.ts'

type Answer = Omit<Transcript, 'simulated'>

/** A point of time in seconds, to milliseconds and not before the beginning. */
const moment = v.pipe(
  v.number(),
  v.finite(),
  v.transform((seconds) => Math.round(Math.max(0, seconds) * 1000) / 1000),
)
const visibleText = v.pipe(v.string(), v.trim(), v.nonEmpty())
const inOrder = <Span extends { start: number; end: number }>(span: Span): Span => ({
  ...span,
  end: Math.max(span.start, span.end),
})

const segment = v.pipe(v.object({ start: moment, end: moment, text: visibleText }), v.transform(inOrder))
const word = v.pipe(v.object({ start: moment, end: moment, word: visibleText }), v.transform(inOrder))

/** whisper-1 sends a number, older compatible servers a text. */
const duration = v.fallback(
  v.nullish(v.pipe(v.union([v.number(), v.string()]), v.toNumber(), v.finite(), v.gtValue(0))),
  undefined,
)

const answer = v.pipe(
  v.object({
    text: v.pipe(v.string(), v.trim()),
    language: v.pipe(v.optional(v.unknown(), null), v.transform(languageTag)),
    duration,
    /** Services without `duration` say here what is to be paid for. */
    usage: v.fallback(v.optional(v.object({ seconds: duration })), undefined),
    segments: fittingEntries(segment),
    words: fittingEntries(word),
  }),
  v.transform(
    ({ usage, ...fields }): Answer => ({ ...fields, duration: fields.duration ?? usage?.seconds ?? null }),
  ),
)

/** @throws AppError `provider_answer_invalid` */
export function parseAnswer(value: unknown): Answer {
  return readAs(answer, value, invalid)
}

/** The meaning of one event of a stream. */
export type StreamEvent =
  | { kind: 'delta'; text: string }
  | { kind: 'segment'; segment: Segment }
  | { kind: 'done'; answer: Answer }
  | { kind: 'error'; error: unknown }
  | { kind: 'end' }
  | { kind: 'other' }

const anyEvent = v.looseObject({
  type: v.fallback(v.optional(v.string()), undefined),
  error: v.optional(v.unknown()),
})
const deltaEvent = v.object({ delta: v.string() })

/** @throws AppError `provider_answer_invalid` */
export function parseEvent({ event, data }: EventSourceMessage): StreamEvent {
  if (data === '[DONE]') return { kind: 'end' }
  const value = readAs(anyEvent, parseJson(data), invalid)
  switch (value.type ?? event) {
    case 'transcript.text.delta':
      return { kind: 'delta', text: readAs(deltaEvent, value, invalid).delta }
    case 'transcript.text.segment': {
      const result = v.safeParse(segment, value)
      return result.success ? { kind: 'segment', segment: result.output } : { kind: 'other' }
    }
    case 'transcript.text.done':
      return { kind: 'done', answer: parseAnswer(value) }
    case 'error':
      return { kind: 'error', error: value.error ?? value }
    default:
      // Older services send an error without a type. Event types that are unknown today are ignored.
      return v.is(v.looseObject({}), value.error) ? { kind: 'error', error: value.error } : { kind: 'other' }
  }
}

/** @throws AppError `provider_answer_invalid` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('provider_answer_invalid', { cause })
  }
}

function invalid(field: string): AppError {
  return new AppError('provider_answer_invalid', { cause: unexpectedValue(field) })
}
