/** Writes `functions-shared/message-words.ts`: what people read about jobs, complete, for the pages. */

import type { KindDefinition, KindWordsDefinition, Moment } from '../../functions-shared/definitions/kind.ts'
import {
  JOB_TOPICS,
  type JobState,
  type JobTitles,
  type KindWords,
} from '../../functions-shared/definitions/kind-words.ts'
import { messageTypes, momentsOf } from '../../functions-shared/definitions/message-fields.ts'
import { GENERATED, table } from './type-source.ts'

export function wordSource(kinds: readonly KindDefinition[]): string {
  return `${GENERATED}
/** What people read about jobs: titles of toasts and inbox items, lines of the live log and of the timeline. */

import type { JobState, KindWords } from './definitions/kind-words.ts'
import type { JobMessage, JobMessageFamily } from './message-types.ts'

${kinds.map(({ kind, words }) => `const ${constantOf(kind)}: KindWords = ${source(wordsOf(words))}`).join('\n\n')}

/** The words of a message's kind. */
export const WORDS_BY_TYPE: Readonly<Record<JobMessage['type'], KindWords>> = ${table(
    kinds.flatMap((kind) => messageTypes(kind).map((type) => [type, constantOf(kind.kind)])),
  )}

/** Names of the kinds where people choose among them, in that order. */
export const KIND_CHOICES: readonly (readonly [JobMessageFamily, string])[] = ${JSON.stringify(
    inOrder(kinds).map(({ kind, words }) => [kind, words.choice]),
  )}

/** A line of the live log. */
export const LOG_TITLES: Readonly<Record<JobMessage['type'], string>> = ${table(
    kinds.flatMap((kind) =>
      messageTypes(kind).map((type) => [type, JSON.stringify(logTitle(kind.words, momentOf(kind, type)))]),
    ),
  )}

/** A line of an incident's timeline; none for progress and for messages that bring their own words. */
export const TIMELINE_TITLES: Readonly<Partial<Record<JobMessage['type'], readonly [title: string, state: JobState]>>> = ${table(
    kinds.flatMap((kind) =>
      kind.words.own !== undefined
        ? []
        : messageTypes(kind).flatMap((type) => {
            const moment = momentOf(kind, type)
            return moment === 'progress'
              ? []
              : [[type, JSON.stringify([timelineTitle(kind.words, moment), stateOf(moment)])]]
          }),
    ),
  )}
`
}

/** `VEHICLE_VALUATION_WORDS` */
function constantOf(kind: string): string {
  return `${kind.toUpperCase()}_WORDS`
}

/** Kinds with an icon of their own first. */
function inOrder(kinds: readonly KindDefinition[]): KindDefinition[] {
  const place = ({ words }: KindDefinition): number => JOB_TOPICS.indexOf(words.topic ?? 'status')
  return [...kinds].sort((one, other) => place(one) - place(other))
}

/** The first moment that has this type. */
function momentOf(kind: KindDefinition, type: string): Moment {
  const [moment] = momentsOf(kind, type)
  if (moment === undefined) throw new Error(`no moment has the type ${type}`)
  return moment
}

function stateOf(moment: Moment): JobState {
  return moment === 'started' || moment === 'progress' ? 'processing' : moment
}

export function wordsOf(words: KindWordsDefinition): KindWords {
  const { noun, topic = 'status', titles, variants, own, result } = words
  return {
    ...(own === undefined ? { default: { topic, titles: { ...defaultTitles(noun), ...titles } } } : { own }),
    ...(variants && {
      variants: variants.map(({ field, matches, noun: other, topic: icon }) => ({
        field,
        matches,
        topic: icon,
        titles: defaultTitles(other),
      })),
    }),
    ...(result && { result }),
  }
}

function defaultTitles(noun: string): JobTitles['titles'] {
  return {
    queued: `${noun} queued`,
    processing: `Processing ${noun.charAt(0).toLowerCase()}${noun.slice(1)}`,
    completed: `${noun} ready`,
    failed: `${noun} failed`,
  }
}

export function logTitle({ noun, titles, log }: KindWordsDefinition, moment: Moment): string {
  const given = log?.[moment]
  if (given !== undefined) return given
  if (moment === 'started') return `${noun} started`
  if (moment === 'progress') return `${noun} in progress`
  return titles?.[moment] ?? defaultTitles(noun)[moment]
}

export function timelineTitle(words: KindWordsDefinition, moment: Exclude<Moment, 'progress'>): string {
  return words.timeline?.[moment] ?? logTitle(words, moment)
}

/** A value as TypeScript, regular expressions included. */
function source(value: unknown): string {
  if (value instanceof RegExp) return String(value)
  if (Array.isArray(value)) return `[${value.map(source).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return table(Object.entries(value).map(([name, each]) => [name, source(each)]))
  return JSON.stringify(value)
}
