/** Writes `functions-shared/message-types.ts`: the interfaces of all messages, and the tables that the parser reads. */

import {
  DURABLE_FIELDS,
  END_FIELDS,
  FAILURE_FIELDS,
  JOB_FIELDS,
  type KindDefinition,
  PERSONAL_FIELDS,
  PROGRESS_FIELDS,
} from '../../functions-shared/definitions/kind.ts'
import { JOB_STATES } from '../../functions-shared/definitions/kind-words.ts'
import { messageTypes, ownFields, statusWord } from '../../functions-shared/definitions/message-fields.ts'
import { CATALOGUE, MESSAGES, type MessageDefinition } from '../../functions-shared/definitions/messages.ts'
import { NEWS, NEWS_FIELDS, type NewsDefinition } from '../../functions-shared/definitions/news.ts'
import { optional, type Property, propertiesOf, typeScript } from './schemas.ts'

export const GENERATED =
  '// Written by `npm run messages` from functions-shared/kinds and functions-shared/definitions. Do not edit.'

const LINE_WIDTH = 110

/** @param kinds none: the same module without any kind, by which the size of the code alone is measured. */
export function typeSource(kinds: readonly KindDefinition[]): string {
  return `${GENERATED}
/**
 * Every message that travels from the database to a browser, and the few that travel back. \`docs/messages.md\` says
 * when each is sent and by whom.
 *
 * Durable messages are rows of \`public.notifications\`: they carry \`seq\` (gapless per user) and \`epoch\` (changes when
 * a user's numbering starts afresh). Volatile messages (progress) are broadcast only.
 */

export const MESSAGE_TYPES = ${JSON.stringify(catalogueTypes(kinds))} as const

export type MessageType = (typeof MESSAGE_TYPES)[number]

/** Fields that every message about a job carries beside its own. */
export interface JobMessageFields {
${interfaceFields(
  propertiesOf({
    ...JOB_FIELDS,
    ...PROGRESS_FIELDS,
    ...END_FIELDS,
    ...FAILURE_FIELDS,
    ...DURABLE_FIELDS,
    ...PERSONAL_FIELDS,
  }),
)}
}

${kinds.map(kindInterface).join('\n\n')}

export type JobMessage = ${union(kinds.map(({ typeName }) => typeName))}

/** Fields that every message about an incident carries beside its own. */
export interface IncidentMessageFields {
${interfaceFields(propertiesOf({ ...NEWS_FIELDS, ...DURABLE_FIELDS, ...PERSONAL_FIELDS }))}
}

${NEWS.map(newsInterface).join('\n\n')}

/** A message about an incident that is not about one of its jobs. */
export type IncidentMessage = ${union(NEWS.map(({ typeName }) => typeName))}

/** A message that a user's own topic carries and that can be stored. */
export type UserMessage = JobMessage | IncidentMessage

${MESSAGES.map(messageInterface).join('\n\n')}

export type ServerMessage = UserMessage | BatchUpdateMessage

/** A message with a place in the user's durable, gapless sequence. */
export type DurableMessage = UserMessage & { seq: number; epoch: string }

/** The kind of job that each message type belongs to. */
export const JOB_MESSAGE_FAMILIES = ${table(
    kinds.flatMap((kind) => messageTypes(kind).map((type) => [type, JSON.stringify(kind.kind)])),
  )} as const satisfies Record<JobMessage['type'], string>

export type JobMessageFamily = ${union(kinds.map(({ kind }) => JSON.stringify(kind)))}

/** Fields of type string without which a listener cannot work, beside those of every message. */
export const REQUIRED_FIELDS: Readonly<Record<JobMessageFamily, readonly string[]>> = ${table(
    kinds.map(({ kind, required }) => [kind, JSON.stringify(required)]),
  )}

/** The messages about incidents, and their fields of type string without which a listener cannot work. */
export const INCIDENT_MESSAGE_FIELDS: Readonly<Record<IncidentMessage['type'], readonly string[]>> = ${table(
    NEWS.map(({ type, required }) => [type, JSON.stringify(['incidentId', 'timestamp', ...required])]),
  )}

/** Fields with a signed URL and its end, by kind. */
export const SIGNED_URL_FIELDS: Readonly<Partial<Record<JobMessageFamily, readonly [url: string, expiresAt: string]>>> =
  ${table(
    kinds.flatMap(({ kind, signedUrl }) =>
      signedUrl === undefined ? [] : [[kind, JSON.stringify([signedUrl.url, signedUrl.expiresAt])]],
    ),
  )}
`
}

/** A module of its own: the page needs it before the engine, with its parser, is loaded. */
export function stateSource(kinds: readonly KindDefinition[]): string {
  const words = JOB_STATES.flatMap((state) =>
    [state, ...kinds.map((kind) => statusWord(kind, state))].map((word) => [word, state] as const),
  )
  return `${GENERATED}

import type { JobState } from './definitions/kind-words.ts'

/** What the words of the field \`status\` mean. A status update has words of its own beside these. */
export const STATES_BY_STATUS: Readonly<Record<string, JobState>> = ${table(
    [...new Map(words)].map(([word, state]) => [word, JSON.stringify(state)]),
  )}
`
}

function catalogueTypes(kinds: readonly KindDefinition[]): string[] {
  return [
    ...CATALOGUE.map(({ type }) => type),
    ...kinds.flatMap(messageTypes),
    ...NEWS.map(({ type }) => type),
    ...MESSAGES.flatMap(({ type }) => type ?? []),
  ]
}

function kindInterface(kind: KindDefinition): string {
  const { always, sometimes } = ownFields(kind)
  return `${comment(kind.about)}
export interface ${kind.typeName} extends JobMessageFields {
  type: ${union(messageTypes(kind).map((type) => JSON.stringify(type)))}
${interfaceFields([...propertiesOf(always), ...optional(propertiesOf(sometimes))])}
}`
}

function newsInterface({ type, typeName, about, fields }: NewsDefinition): string {
  return `${comment(about)}
export interface ${typeName} extends IncidentMessageFields {
  type: ${JSON.stringify(type)}
${interfaceFields(propertiesOf(fields))}
}`
}

function messageInterface({ type, typeName, about, fields }: MessageDefinition): string {
  return `${comment(about)}
export interface ${typeName} {
  type: ${type === null ? 'string' : JSON.stringify(type)}
${interfaceFields(propertiesOf(fields))}
}`
}

function interfaceFields(properties: readonly Property[]): string {
  return properties
    .map(({ name, schema, required }) => {
      const meaning = schema.description === undefined ? '' : `${comment(schema.description, '  ')}\n`
      return `${meaning}  ${name}${required ? '' : '?'}: ${typeScript(schema)}`
    })
    .join('\n')
}

/** A docstring, broken into lines of at most 110 characters where it is longer than one. */
function comment(text: string, indent = ''): string {
  const line = `${indent}/** ${text} */`
  if (line.length <= LINE_WIDTH) return line
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (indent.length + ' * '.length + last.length + word.length > LINE_WIDTH) lines.push(`${word} `)
    else lines[lines.length - 1] = `${last}${word} `
  }
  return [`${indent}/**`, ...lines.map((each) => `${indent} * ${each.trimEnd()}`), `${indent} */`].join('\n')
}

/** `never` for none. */
function union(members: readonly string[]): string {
  return members.length === 0 ? 'never' : members.join(' | ')
}

/** An object literal; the values are source. */
export function table(entries: readonly (readonly string[])[]): string {
  return `{${entries.map(([name = '', value = '']) => `${JSON.stringify(name)}: ${value}`).join(',\n')}}`
}
