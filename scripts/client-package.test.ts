import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildForProduction } from '../web/server/production-build.ts'
import { ROOT, run } from './process.ts'

const cache = join(ROOT, 'node_modules', '.cache')
mkdirSync(cache, { recursive: true })
/** Inside the repository, so that the project finds supabase-js and React, which an offline install cannot bring. */
const folder = mkdtempSync(join(cache, 'claimwire-package-'))
const project = join(folder, 'project')
const installed = join(project, 'node_modules', 'claimwire')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A name that each entry exports. */
const ENTRIES = {
  claimwire: 'DashboardWebSocketClient',
  'claimwire/drop-in': 'startDropIn',
  'claimwire/react': 'LiveProvider',
  'claimwire/toasts': 'createToaster',
  'claimwire/status': 'createStatusIndicator',
  'claimwire/status-card': 'createStatusDetails',
}
const SIDE_EFFECTS = ['claimwire.js', 'toasts.css', 'status.css', 'status-card.css'].map(
  (file) => `claimwire/${file}`,
)

async function npm(args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run('npm', args, { cwd })
  if (code !== 0) throw new Error(output)
}

beforeAll(async () => {
  const built = join(folder, 'built')
  const { code, output } = await run(process.execPath, ['scripts/build-client.ts', built])
  if (code !== 0) throw new Error(output)
  await npm(['pack', built, '--pack-destination', folder], folder)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball'
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const options = ['--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', '--no-package-lock']
  await npm(['install', ...options, join(folder, tarball)], project)
}, 240_000)

test('the tarball has licence, a README of its own, and peer dependencies instead of dependencies', () => {
  expect(readdirSync(installed)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
  expect(readFileSync(join(installed, 'README.md'), 'utf8')).toContain('npm install claimwire')
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  expect(manifest).toMatchObject({
    name: 'claimwire',
    license: 'MIT',
    peerDependencies: { '@supabase/supabase-js': '>=2.110.0', react: '>=19' },
    peerDependenciesMeta: { react: { optional: true } },
  })
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['devDependencies']))
  expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['scripts']))
  const entries = Object.keys(manifest.exports).map((path) => path.replace(/^\./, 'claimwire'))
  expect(entries.toSorted()).toEqual([...Object.keys(ENTRIES), ...SIDE_EFFECTS].toSorted())
})

test('a project that installed the tarball bundles an import of each export', async () => {
  const imports = Object.entries(ENTRIES).map(
    ([entry, name], n) => `import { ${name} as e${n} } from '${entry}'`,
  )
  const used = imports.map((_, n) => `e${n}`).join(', ')
  const lines = [
    ...imports,
    ...SIDE_EFFECTS.map((entry) => `import '${entry}'`),
    `globalThis.used = [${used}]`,
  ]
  writeFileSync(join(project, 'main.js'), lines.join('\n'))
  const result = await buildForProduction({
    root: project,
    configFile: false,
    logLevel: 'error',
    build: { write: false, rolldownOptions: { input: join(project, 'main.js') } },
  })
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((part) =>
    'output' in part ? part.output : [],
  )
  const code = outputs.map((file) => (file.type === 'chunk' ? file.code : '')).join('')
  // Class names are mangled; these are the region of the toasts, and the table that the engine reads.
  expect(code).toContain('cw-toasts')
  expect(code).toContain('notification_head')
}, 120_000)
