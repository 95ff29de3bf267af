/** `docs/asyncapi.yaml` is a valid AsyncAPI 3.0 document, and its messages are those of the definitions. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import specs from '@asyncapi/specs'
import { Ajv, type AnySchemaObject } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { CATALOGUE } from '../../functions-shared/definitions/messages.ts'
import { MESSAGE_TYPES } from '../../functions-shared/message-types.ts'
import { ROOT } from '../process.ts'

const document = parse(readFileSync(join(ROOT, 'docs', 'asyncapi.yaml'), 'utf8'))

/** AsyncAPI's own schema is large, and is compiled once. */
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
const asyncApiSchema: AnySchemaObject = JSON.parse(JSON.stringify(specs.schemasWithoutId['3.0.0']))
const isAsyncApi = ajv.compile(asyncApiSchema)

function asyncApiErrors(candidate: unknown): string[] {
  isAsyncApi(candidate)
  return (isAsyncApi.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** Every `$ref` in the document. */
function references(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(references)
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : references(value),
  )
}

function resolve(reference: string): unknown {
  return reference
    .replace('#/', '')
    .split('/')
    .reduce(
      (node: unknown, key) =>
        typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined,
      document,
    )
}

test('the document is valid', () => {
  expect(asyncApiErrors(document)).toEqual([])
})

test('a document with a mistake is not', () => {
  const channel = { ...document.channels.user, adress: 'user' }
  expect(asyncApiErrors({ ...document, channels: { user: channel } })).not.toEqual([])
  expect(asyncApiErrors({ ...document, info: {} })).not.toEqual([])
})

test('every reference leads somewhere', () => {
  const all = references(document)
  expect(all.length).toBeGreaterThan(100)
  expect(all.filter((reference) => resolve(reference) === undefined)).toEqual([])
})

test('every example is valid by the schema of its message', () => {
  ajv.addSchema(document, 'document')
  for (const [name, message] of Object.entries<AnySchemaObject>(document.components.messages)) {
    const validate = ajv.getSchema(`document${message.payload.$ref}`)
    expect(message.examples.length).toBeGreaterThan(0)
    for (const { payload } of message.examples) {
      expect({ name, valid: validate?.(payload), errors: validate?.errors }).toEqual({
        name,
        valid: true,
        errors: null,
      })
    }
    expect(validate?.('something else')).toBe(false)
  }
})

test('it has every message of the catalogue that the database sends', () => {
  const carriedByFrames = CATALOGUE.map(({ type }) => type)
  expect(Object.keys(document.components.messages)).toEqual(
    expect.arrayContaining(MESSAGE_TYPES.filter((type) => !carriedByFrames.includes(type))),
  )
})
