/** Adds a kind of job: its definition, its row, its function with a test, and what the documentation says of it. */

import { parseFlags, runCommand, UsageError } from './command-line.ts'
import { addKind } from './new-kind/add-kind.ts'
import { ROOT } from './process.ts'

const USAGE = `Usage: npm run new:kind -- <name>

Writes a kind of job that works as it is: its definition in functions-shared/kinds, a migration with its row, the
Edge Function with a test, and its place in the documentation. See docs/adding-a-job-kind.md.

  <name>    lower case words joined by -, such as vehicle-valuation
  --help    this text`

await runCommand(USAGE, async () => {
  const { values, positionals } = parseFlags({
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  if (values.help) return console.log(USAGE)
  const [name] = positionals
  if (name === undefined || positionals.length > 1) throw new UsageError('Give the kind one name.')
  for (const path of await addKind(name, ROOT)) console.log(`Wrote ${path}`)
  console.log(`
Next:
  functions-shared/kinds/${name}.ts        fields and words; then "npm run messages"
  supabase/functions/${name}/work.ts       the work
  supabase/migrations/                     limits of the kind, and the trigger or function that inserts its jobs
  npm run check && npm test`)
})
