/**
 * `npm test`: every test a newcomer needs to trust a change, ending with `N passed, N failed`.
 *
 *   npm test                  everything
 *   npm test -- <filter...>   the vitest files whose path contains one of the filters
 *   npm run test:long         the same with the full-length fault runs
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { denoFlags, functionFolders } from './deno.ts'
import { run, tool } from './process.ts'

/** What a function may do, and listening on loopback for the servers that its tests talk to. */
const DENO_TEST_PERMISSIONS = ['--no-prompt', '--allow-read=.', '--allow-env', '--allow-net=127.0.0.1']

interface StageResult {
  name: string
  passed: number
  failed: number
  skipped: number
  seconds: number
}

const args = process.argv.slice(2)
const long = args.includes('--long')
const filters = args.filter((arg) => arg !== '--long')
const scratch = mkdtempSync(join(tmpdir(), 'claimwire-test-'))
const results: StageResult[] = []

try {
  results.push(await vitest('unit and database', ['unit', 'database']))
  if (filters.length === 0) results.push(...(await denoTests()))
  results.push(await vitest('end to end', ['e2e']))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
report()

async function vitest(name: string, projects: string[]): Promise<StageResult> {
  const report = join(scratch, `${projects.join('-')}.json`)
  const started = Date.now()
  const { code } = await run(
    tool('vitest'),
    [
      'run',
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...projects.flatMap((project) => ['--project', project]),
      ...filters,
    ],
    { output: 'inherit', env: long ? { CLAIMWIRE_LONG: '1' } : {} },
  )
  const counts = existsSync(report)
    ? parseVitestReport(readFileSync(report, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 }
  // A crash of the runner itself, or an error outside any test, is a failure too.
  const failed = code !== 0 ? Math.max(1, counts.failed) : counts.failed
  return { name, ...counts, failed, seconds: (Date.now() - started) / 1000 }
}

function parseVitestReport(text: string): { passed: number; failed: number; skipped: number } {
  const report: unknown = JSON.parse(text)
  const count = (key: string): number => {
    const value = typeof report === 'object' && report !== null ? Reflect.get(report, key) : undefined
    if (typeof value !== 'number') throw new Error(`the vitest report has no ${key}`)
    return value
  }
  return {
    passed: count('numPassedTests'),
    failed: count('numFailedTests'),
    skipped: count('numPendingTests') + count('numTodoTests'),
  }
}

/** The functions' own tests, under Deno with the permissions a function has and no more. */
async function denoTests(): Promise<StageResult[]> {
  const stages: StageResult[] = []
  for (const folder of functionFolders()) {
    const report = join(scratch, `${folder.name}.xml`)
    const started = Date.now()
    console.log(`\n deno test ${folder.path}`)
    const { code, output } = await run(
      tool('deno'),
      [
        'test',
        '--no-check',
        ...denoFlags(folder),
        ...DENO_TEST_PERMISSIONS,
        '--permit-no-files',
        `--junit-path=${report}`,
        folder.path,
      ],
      { env: { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' } },
    )
    const counts = existsSync(report)
      ? parseJunit(readFileSync(report, 'utf8'))
      : { passed: 0, failed: 0, skipped: 0 }
    const failed = code !== 0 ? Math.max(1, counts.failed) : counts.failed
    if (failed > 0) console.log(output)
    stages.push({ name: `deno: ${folder.name}`, ...counts, failed, seconds: (Date.now() - started) / 1000 })
  }
  return stages
}

function parseJunit(xml: string): { passed: number; failed: number; skipped: number } {
  const head = /<testsuites[^>]*>/.exec(xml)?.[0] ?? ''
  const attribute = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  const failed = attribute('failures') + attribute('errors')
  const skipped = (xml.match(/<skipped/g) ?? []).length
  return { failed, skipped, passed: attribute('tests') - failed - skipped }
}

function report(): void {
  const total = (key: 'passed' | 'failed' | 'skipped') =>
    results.reduce((sum, result) => sum + result[key], 0)
  console.log()
  for (const { name, passed, failed, skipped, seconds } of results) {
    const skips = skipped > 0 ? `, ${skipped} skipped` : ''
    console.log(
      `  ${failed > 0 ? '✗' : '✓'} ${name.padEnd(24)} ${passed} passed, ${failed} failed${skips}  (${seconds.toFixed(1)} s)`,
    )
  }
  console.log()
  console.log(
    `${total('passed')} passed, ${total('failed')} failed${total('skipped') > 0 ? `, ${total('skipped')} skipped` : ''}`,
  )
  if (total('failed') > 0 || total('passed') === 0) process.exitCode = 1
}
