/** `npm run snapshots`: takes the pictures of `e2e/browser/snapshots` anew. Look at them before you keep them. */

import { run, tool } from './process.ts'

const { code } = await run(
  tool('vitest'),
  ['run', '--project', 'e2e', 'e2e/browser/snapshots.test.ts', ...process.argv.slice(2)],
  { env: { CLAIMWIRE_KEEP_SNAPSHOTS: '1' }, output: 'inherit' },
)
process.exitCode = code
