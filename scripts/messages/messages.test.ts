import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, describe, expect, it, test } from 'vitest'
import { defineKind, field, type KindDefinition } from '../../functions-shared/definitions/kind.ts'
import { messageFields } from '../../functions-shared/definitions/message-fields.ts'
import { checkMessageFiles } from './files.ts'
import { findKinds } from './kinds.ts'
import { propertiesOf, typeScript } from './schemas.ts'
import { stateSource, typeSource } from './type-source.ts'
import { logTitle, timelineTitle, wordSource, wordsOf } from './word-source.ts'

const estimate: KindDefinition = defineKind({
  kind: 'damage_estimate',
  typeName: 'DamageEstimateMessage',
  functionName: 'damage-estimate',
  about: 'What a repair will cost.',
  types: {
    queued: null,
    started: 'estimate_started',
    progress: 'estimate_progress',
    completed: 'estimate_ready',
    failed: 'estimate_failed',
  },
  statuses: { queued: 'waiting' },
  subject: { estimateId: field(v.string(), 'Id of the estimate.', 'e') },
  result: { amount: v.exactOptional(field(v.number(), 'Cents.', 120_000)) },
  required: ['estimateId'],
  words: { noun: 'Damage estimate', choice: 'Damage estimates' },
})

// Formats every generated file, which takes seconds on a busy machine.
test('all files that are written from the definitions are up to date: run `npm run messages`', {
  timeout: 60_000,
}, async () => {
  expect(await checkMessageFiles()).toEqual([])
})

describe('words that a definition leaves out', () => {
  it('are made from the noun', () => {
    expect(wordsOf(estimate.words).default).toEqual({
      topic: 'status',
      titles: {
        queued: 'Damage estimate queued',
        processing: 'Processing damage estimate',
        completed: 'Damage estimate ready',
        failed: 'Damage estimate failed',
      },
    })
    expect(logTitle(estimate.words, 'started')).toBe('Damage estimate started')
    expect(logTitle(estimate.words, 'progress')).toBe('Damage estimate in progress')
    expect(timelineTitle(estimate.words, 'completed')).toBe('Damage estimate ready')
  })

  it('follow words that it gives', () => {
    const words = { ...estimate.words, titles: { completed: 'Damage estimated' } }
    expect(wordsOf(words).default?.titles.completed).toBe('Damage estimated')
    expect(logTitle(words, 'completed')).toBe('Damage estimated')
    expect(timelineTitle({ ...words, log: { completed: 'Estimate in' } }, 'completed')).toBe('Estimate in')
  })
})

describe('message-types.ts', () => {
  it('has the interface, the family and the required fields of a kind', () => {
    const source = typeSource([estimate])
    expect(source).toContain('export interface DamageEstimateMessage extends JobMessageFields {')
    expect(source).toContain('  /** Cents. */\n  amount?: number')
    expect(source).toContain('status: "waiting" | "processing" | "completed" | "failed"')
    expect(source).toContain('"estimate_ready": "damage_estimate"')
    expect(source).toContain('"damage_estimate": ["estimateId"]')
    expect(stateSource([estimate])).toContain('"waiting": "queued"')
  })

  it('can be written without any kind, to measure the code', () => {
    expect(typeSource([])).toContain('export type JobMessage = never')
    expect(wordSource([])).toContain('WORDS_BY_TYPE')
  })

  it('breaks long docstrings into lines', () => {
    const lines = typeSource([{ ...estimate, about: 'word '.repeat(60).trim() }]).split('\n')
    expect(lines).toContain('/**')
    expect(lines.filter((line) => line.startsWith(' * word') && line.length > 112)).toEqual([])
  })
})

describe('fields of a message', () => {
  const names = (type: string) => Object.keys(messageFields(estimate, type))

  it('are those of its moment', () => {
    expect(names('estimate_progress')).toEqual(expect.arrayContaining(['estimateId', 'progress', 'stage']))
    expect(names('estimate_progress')).not.toContain('seq')
    expect(names('estimate_progress')).not.toContain('amount')
    expect(names('estimate_ready')).toEqual(expect.arrayContaining(['amount', 'processingDuration', 'seq']))
    expect(names('estimate_failed')).toEqual(expect.arrayContaining(['error', 'errorCode', 'seq']))
  })

  it('have the status words of the moment', () => {
    const status = (type: string) =>
      propertiesOf(messageFields(estimate, type)).find(({ name }) => name === 'status')?.schema.enum
    expect(status('estimate_progress')).toEqual(['waiting', 'processing'])
    expect(status('estimate_ready')).toEqual(['completed'])
  })
})

test.each([
  [v.string(), 'string'],
  [v.picklist(['a', 'b']), '"a" | "b"'],
  [v.literal('a'), '"a"'],
  [v.nullable(v.string()), 'string | null'],
  [v.array(v.number()), 'number[]'],
  [v.boolean(), 'boolean'],
  [v.unknown(), 'unknown'],
])('a schema is written as TypeScript: %#', (schema, expected) => {
  expect(propertiesOf({ value: schema }).map((property) => typeScript(property.schema))).toEqual([expected])
})

test('a schema that cannot be written as TypeScript is an error', () => {
  const [property] = propertiesOf({ value: v.object({ a: v.string() }) })
  expect(() => typeScript(property?.schema ?? {})).toThrow('no TypeScript yet')
})

describe('the folder of kinds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'claimwire-kinds-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const kind = (name: string, types: string) =>
    `export const ${name} = { kind: '${name}', typeName: '${name}Message', types: ${types}, words: {} }`

  it('refuses two kinds with the same message type', async () => {
    writeFileSync(join(folder, 'one.ts'), kind('one', "{ completed: 'ready', failed: 'one_failed' }"))
    writeFileSync(join(folder, 'two.ts'), kind('two', "{ completed: 'ready', failed: 'two_failed' }"))
    await expect(findKinds(folder)).rejects.toThrow('two kinds have the message type "ready"')
  })

  it('refuses a file without a definition', async () => {
    writeFileSync(join(folder, 'helper.ts'), 'export const helper = 1')
    await expect(findKinds(folder)).rejects.toThrow('must export one definition')
  })
})
