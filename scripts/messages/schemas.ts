/** JSON Schemas of messages, from the definitions' valibot schemas; and TypeScript and words for people from these. */

import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import type { Fields } from '../../functions-shared/definitions/kind.ts'

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

/** The same properties, none of them required. */
export function optional(properties: readonly Property[]): Property[] {
  return properties.map((property) => ({ ...property, required: false }))
}

/** The library's type allows booleans where a schema may stand; none of our fields gives one. */
function parseSchema(value: object): Schema {
  return JSON.parse(JSON.stringify(value))
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
