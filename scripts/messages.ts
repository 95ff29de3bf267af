/**
 * Writes everything that follows from the definitions of messages: functions-shared/kinds and
 * functions-shared/definitions.
 *
 *   npm run messages                writes the files
 *   npm run messages -- --check     exits with 1 when a file is not what the definitions give
 */

import { parseArgs } from 'node:util'
import { checkMessageFiles, writeMessageFiles } from './messages/files.ts'

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

if (values.check) {
  const outdated = await checkMessageFiles()
  for (const path of outdated)
    console.error(`${path} is not what the definitions give; run "npm run messages".`)
  if (outdated.length > 0) process.exitCode = 1
} else {
  for (const path of await writeMessageFiles()) console.log(`Wrote ${path}.`)
}
