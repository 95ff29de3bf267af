/** JSON Schemas of messages, from the definitions' valibot schemas; and TypeScript and words for people from these. */

import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import {
  DURABLE_FIELDS,
  END_FIELDS,
  FAILURE_FIELDS,
  type Fields,
  JOB_FIELDS,
  type KindDefinition,
  MOMENTS,
  type Moment,
  PROGRESS_FIELDS,
  STATE_FIELD,
} from '../../functions-shared/definitions/kind.ts'
import { JOB_STATES, type JobState } from '../../functions-shared/definitions/kind-words.ts'

/** As much of JSON Schema as the fields of messages use. */
export interface Schema {
  type?: string
  title?: string
  description?: string
  examples?: unknown[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  pattern?: string
  minimum?: number
  properties?: Record<string, Schema>
  required?: string[]
}

export interface Property {
  name: string
  schema: Schema
  required: boolean
}

export function propertiesOf(fields: Fields): Property[] {
  const { properties = {}, required = [] }: Schema = parseSchema(
    toJsonSchema(v.object(fields), { errorMode: 'throw' }),
  )
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    schema,
    required: required.includes(name),
  }))
}

/** The library's type allows booleans where a schema may stand; none of our fields gives one. */
function parseSchema(value: object): Schema {
  return JSON.parse(JSON.stringify(value))
}

/** States of a job when a message of that moment is sent. A retry sends progress, too. */
const STATES: Readonly<Record<Moment, readonly JobState[]>> = {
  queued: ['queued'],
  started: ['processing'],
  progress: ['queued', 'processing'],
  completed: ['completed'],
  failed: ['failed'],
}

export function statusWord({ statuses }: KindDefinition, state: JobState): string {
  return statuses?.[state] ?? state
}

/** Whether `status` is a word of another service, and `state` says where the job stands. */
export function hasOwnStatus({ input }: KindDefinition): boolean {
  return input !== undefined && 'status' in input
}

/** Fields that are the kind's own, but for `type`: every message has those of `always`, some have those of `sometimes`. */
export function ownFields(kind: KindDefinition): { always: Property[]; sometimes: Property[] } {
  const { subject, input = {}, always = {}, partial = {}, result = {} } = kind
  const status: Property = {
    name: 'status',
    required: true,
    schema: { type: 'string', enum: [...new Set(JOB_STATES.map((state) => statusWord(kind, state)))] },
  }
  const everywhere = [
    ...propertiesOf({ ...subject, ...input, ...always }),
    ...(hasOwnStatus(kind) ? propertiesOf(STATE_FIELD) : [status]),
  ]
  const names = new Set(everywhere.map(({ name }) => name))
  return {
    always: everywhere,
    sometimes: propertiesOf({ ...partial, ...result })
      .filter(({ name }) => !names.has(name))
      .map((property) => ({ ...property, required: false })),
  }
}

/** All fields of the messages of one type, as the database sends them on the user's own topic. */
export function fieldsOf(kind: KindDefinition, type: string): Property[] {
  const moments = MOMENTS.filter((moment) => kind.types[moment] === type)
  const on = (...wanted: Moment[]) => moments.some((moment) => wanted.includes(moment))
  const { always } = ownFields(kind)
  const words = [...new Set(moments.flatMap((moment) => STATES[moment]))].map((state) =>
    statusWord(kind, state),
  )
  const own = always.map((property) =>
    property.name === 'status' && !hasOwnStatus(kind)
      ? { ...property, schema: { type: 'string', enum: words } }
      : property,
  )
  const all = [
    { name: 'type', required: true, schema: { const: type } },
    ...propertiesOf(JOB_FIELDS),
    ...own,
    ...propertiesOf({
      ...(on('progress') ? { ...PROGRESS_FIELDS, ...kind.partial } : {}),
      ...(on('completed') ? kind.result : {}),
      ...(on('completed', 'failed') ? END_FIELDS : {}),
      ...(on('failed') ? FAILURE_FIELDS : {}),
      ...(moments.some((moment) => moment !== 'progress') ? DURABLE_FIELDS : {}),
    }),
  ]
  // The kind's own description of a field stands in the place of the general one.
  return [...new Map(all.map((property) => [property.name, property])).values()]
}

/** A property's type in TypeScript. @throws Error for a schema that it cannot write. */
export function typeScript(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeScript).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return `${typeScript(schema.items ?? {})}[]`
    case undefined:
      return schema.title ?? 'unknown'
    default:
      throw new Error(
        `a field of type ${schema.type} has no TypeScript yet: add it to scripts/messages/schemas.ts`,
      )
  }
}
