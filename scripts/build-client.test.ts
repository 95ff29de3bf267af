import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { run, tool } from './process.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules', '.cache')
mkdirSync(cache, { recursive: true })
/** Inside the repository, so that TypeScript finds the packages that the types import. */
const folder = mkdtempSync(join(cache, 'claimwire-client-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CONSUMER = `
import { DashboardWebSocketClient, type Backend } from './types/web/src/client/index.ts'
import { startDropIn } from './types/web/src/drop-in/index.ts'
import { useJob } from './types/web/src/react/index.ts'
declare const supabase: Backend
const client = new DashboardWebSocketClient({ supabase })
client.on('image_processed', (message) => message.documentId.toUpperCase())
// @ts-expect-error there is no such event
client.on('nothing', () => undefined)
export const exported = [startDropIn, useJob]
`

test('the built library has everything that the exports of package.json name, and types that can be used', async () => {
  const built = await run(process.execPath, ['scripts/build-client.ts', folder])
  expect(built.output).toContain(folder)
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const files = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry ?? {}).map(String),
  )
  const missing = files.filter((file) => !existsSync(join(folder, file.replace('./dist/client/', ''))))
  expect(missing).toEqual([])

  writeFileSync(join(folder, 'consumer.ts'), CONSUMER)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2023',
    lib: ['es2024', 'dom', 'dom.iterable'],
    types: [],
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  const checked = await run(tool('tsc'), ['-p', folder])
  expect(checked.output).toBe('')
}, 60_000)
