/**
 * The service's answers as we understand them: `json`, `verbose_json`, and the events of a stream. All fields but
 * the text are optional, for compatible services differ in what they tell.
 */

import { AppError } from '../../../../../functions-shared/app-error.ts'
import { isRecord } from '../../../../../functions-shared/unknown.ts'
import type { Segment, Transcript, Word } from '../provider.ts'
import { languageTag } from './languages.ts'
import type { ServerSentEvent } from './sse.ts'

/** @throws AppError `provider_answer_invalid` */
export function parseAnswer(answer: unknown): Omit<Transcript, 'simulated'> {
  if (!isRecord(answer) || typeof answer.text !== 'string') throw new AppError('provider_answer_invalid')
  return {
    text: answer.text.trim(),
    language: languageTag(answer.language),
    duration: durationOf(answer),
    segments: list(answer.segments, parseSegment),
    words: list(answer.words, parseWord),
  }
}

/** What an event of the stream means for us. */
export type StreamEvent =
  | { kind: 'delta'; text: string }
  | { kind: 'segment'; segment: Segment }
  | { kind: 'done'; answer: Omit<Transcript, 'simulated'> }
  | { kind: 'error'; error: unknown }
  | { kind: 'end' }
  | { kind: 'other' }

/** @throws AppError `provider_answer_invalid` */
export function parseEvent({ event, data }: ServerSentEvent): StreamEvent {
  if (data === '[DONE]') return { kind: 'end' }
  const value = parseJson(data)
  if (!isRecord(value)) throw new AppError('provider_answer_invalid')
  const type = typeof value.type === 'string' ? value.type : event
  if (type === 'transcript.text.delta') {
    if (typeof value.delta !== 'string') throw new AppError('provider_answer_invalid')
    return { kind: 'delta', text: value.delta }
  }
  if (type === 'transcript.text.segment') {
    const segment = parseSegment(value)
    return segment === null ? { kind: 'other' } : { kind: 'segment', segment }
  }
  if (type === 'transcript.text.done') return { kind: 'done', answer: parseAnswer(value) }
  if (type === 'error' || isRecord(value.error)) return { kind: 'error', error: value.error ?? value }
  // New kinds of events may come at any time.
  return { kind: 'other' }
}

/** @throws AppError `provider_answer_invalid` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('provider_answer_invalid', { cause })
  }
}

/** `verbose_json` has `duration`; others tell what is to be paid for. */
function durationOf({ duration, usage }: Record<string, unknown>): number | null {
  // whisper-1 sends a number, older compatible servers a text.
  const seconds = Number(duration ?? (isRecord(usage) ? usage.seconds : undefined) ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null
}

function list<T>(value: unknown, parse: (entry: Record<string, unknown>) => T | null): T[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown) => {
    const parsed = isRecord(entry) ? parse(entry) : null
    return parsed === null ? [] : [parsed]
  })
}

function parseSegment(entry: Record<string, unknown>): Segment | null {
  const times = parseTimes(entry)
  const text = typeof entry.text === 'string' ? entry.text.trim() : ''
  return times === null || text === '' ? null : { ...times, text }
}

function parseWord(entry: Record<string, unknown>): Word | null {
  const times = parseTimes(entry)
  const word = typeof entry.word === 'string' ? entry.word.trim() : ''
  return times === null || word === '' ? null : { ...times, word }
}

function parseTimes({ start, end }: Record<string, unknown>): { start: number; end: number } | null {
  if (typeof start !== 'number' || typeof end !== 'number') return null
  if (!Number.isFinite(start) || !Number.isFinite(end)) return null
  return { start: milliseconds(start), end: milliseconds(Math.max(start, end)) }
}

function milliseconds(seconds: number): number {
  return Math.round(Math.max(0, seconds) * 1000) / 1000
}
