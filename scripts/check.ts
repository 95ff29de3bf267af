/** `npm run check`: format, lint, types of Node, web and Deno code, unused code, import rules. */

import { availableParallelism } from 'node:os'
import { denoFlags, functionFolders } from './deno.ts'
import { run, tool } from './process.ts'

interface Check {
  name: string
  command: string
  args: string[]
  env?: Record<string, string>
}

const checks: Check[] = [
  {
    name: 'format and lint',
    command: tool('biome'),
    args: ['ci', '--error-on-warnings', '--colors=off', '.'],
  },
  { name: 'types: node', command: tool('tsc'), args: ['-p', '.'] },
  { name: 'types: shared', command: tool('tsc'), args: ['-p', 'functions-shared'] },
  { name: 'types: web', command: tool('tsc'), args: ['-p', 'web'] },
  { name: 'types: browser tests', command: tool('tsc'), args: ['-p', 'e2e/browser'] },
  ...functionFolders().map((folder) => ({
    name: `types: ${folder.name}`,
    command: tool('deno'),
    args: ['check', ...denoFlags(folder), folder.path],
    env: { DENO_NO_UPDATE_CHECK: '1' },
  })),
  { name: 'size of the client library', command: process.execPath, args: ['scripts/client-size.ts'] },
  { name: 'size of the dashboard', command: process.execPath, args: ['scripts/dashboard-size.ts'] },
  { name: 'licences', command: process.execPath, args: ['scripts/licences.ts'] },
  { name: 'unused code', command: tool('knip'), args: ['--no-progress'] },
  {
    name: 'rules',
    command: tool('vitest'),
    args: [
      'run',
      '--project',
      'unit',
      'scripts/import-rules.test.ts',
      'scripts/messages/',
      'scripts/error-codes.test.ts',
      'scripts/repository.test.ts',
    ],
  },
]

const failed: string[] = []
const queue = [...checks]

async function worker(): Promise<void> {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const result = await run(check.command, check.args, check.env === undefined ? {} : { env: check.env })
    const ok = result.code === 0
    console.log(`${ok ? '✓' : '✗'} ${check.name}`)
    if (ok) continue
    failed.push(check.name)
    console.log(result.output.trimEnd())
  }
}

await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker))
if (failed.length > 0) {
  console.error(`\n${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}`)
  process.exitCode = 1
} else {
  console.log(`\nAll ${checks.length} checks passed.`)
}
