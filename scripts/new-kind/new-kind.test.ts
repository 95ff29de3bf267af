import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from '../process.ts'
import { planKind, writeAll } from './add-kind.ts'
import { kindNames } from './names.ts'

const NOW = new Date('2026-11-30T10:00:00.000Z')

describe('the names of a kind', () => {
  it('are made from the given one', () => {
    expect(kindNames('vehicle-valuation')).toEqual({
      name: 'vehicle-valuation',
      kind: 'vehicle_valuation',
      exportName: 'vehicleValuation',
      typeName: 'VehicleValuationMessage',
      subjectField: 'vehicleValuationId',
      noun: 'Vehicle valuation',
      plural: 'Vehicle valuations',
    })
    expect(kindNames('plate-inquiry').plural).toBe('Plate inquiries')
    expect(kindNames('tow-dispatch').plural).toBe('Tow dispatches')
  })

  it.each([
    ['', 'lower case words'],
    ['Vehicle', 'lower case words'],
    ['vehicle_valuation', 'lower case words'],
    ['-vehicle', 'lower case words'],
    ['vehicle--valuation', 'lower case words'],
    ['../vehicle', 'lower case words'],
    ['7-days', 'lower case words'],
    ['a'.repeat(41), 'longer than 40'],
    ['delete', 'reserved word'],
    ['index', 'reserved word'],
  ])('"%s" is refused', (name, reason) => {
    expect(() => kindNames(name)).toThrow(reason)
  })
})

describe('the plan for a kind', () => {
  it.each([
    ['image', 'a kind of job "image" already'],
    ['status-update', 'a kind of job "status-update" already'],
    ['health', 'is there already'],
    ['process-image', 'is there already'],
    ['batch-update', 'BatchUpdateMessage'],
    ['durable', 'DurableMessage'],
    ['report', 'reportId'],
    ['incident', 'IncidentMessage'],
  ])('%s is refused', async (name, reason) => {
    await expect(planKind(name, ROOT, NOW)).rejects.toThrow(reason)
  })

  it('has the new files and the changed ones', async () => {
    const plan = await planKind('kind-of-a-test', ROOT, NOW)
    const paths = [...plan.keys()].map((path) => path.replaceAll('\\', '/'))
    expect(paths).toEqual([
      'functions-shared/kinds/kind-of-a-test.ts',
      expect.stringMatching(/^supabase\/migrations\/\d{14}_kind_kind_of_a_test\.sql$/),
      'supabase/functions/kind-of-a-test/deno.json',
      'supabase/functions/kind-of-a-test/index.ts',
      'supabase/functions/kind-of-a-test/work.ts',
      'supabase/functions/kind-of-a-test/work_test.ts',
      'supabase/config.toml',
      'docs/edge-functions.md',
    ])
    expect(plan.get(join('supabase', 'config.toml'))).toContain(
      '\n\n[functions.kind-of-a-test]\nverify_jwt = false\n',
    )
    const docs = plan.get(join('docs', 'edge-functions.md')) ?? ''
    expect(docs).toMatch(/\n\| `kind-of-a-test` \|.*\n\n/)
    expect(docs).toMatch(/\n\n## kind-of-a-test\n[\s\S]*\n\n## Settings\n/)
  })
})

describe('writing', () => {
  const root = mkdtempSync(join(tmpdir(), 'claimwire-new-kind-'))
  afterAll(() => rmSync(root, { recursive: true }))

  it('leaves nothing behind when one of the files cannot be written', () => {
    writeFileSync(join(root, 'config.toml'), 'old')
    const files = new Map([
      [join('functions', 'new', 'index.ts'), 'new'],
      ['config.toml', 'new'],
      [join('config.toml', 'not-a-folder.ts'), 'new'],
    ])
    expect(() => writeAll(root, files)).toThrow(/EEXIST|ENOTDIR/)
    expect(readFileSync(join(root, 'config.toml'), 'utf8')).toBe('old')
    expect(() => readFileSync(join(root, 'functions', 'new', 'index.ts'))).toThrow('ENOENT')
  })

  it('can be undone', () => {
    const undo = writeAll(
      root,
      new Map([
        ['config.toml', 'new'],
        [join('a', 'b.ts'), 'new'],
      ]),
    )
    expect(readFileSync(join(root, 'config.toml'), 'utf8')).toBe('new')
    undo()
    expect(readFileSync(join(root, 'config.toml'), 'utf8')).toBe('old')
    expect(() => readFileSync(join(root, 'a', 'b.ts'))).toThrow('ENOENT')
  })
})
