/**
 * `npm run doctor`: looks at a project from outside and from inside, and says what is wrong and what to do about it.
 * The embedded stack, `supabase start` and hosted projects alike; exits with 1 when something failed.
 */

import { createHash } from 'node:crypto'
import { styleText } from 'node:util'
import { createClient } from '@supabase/supabase-js'
import type { Database } from '../functions-shared/database.types.ts'
import { parseFlags, runCommand } from './command-line.ts'
import { type Check, failed, skipped, type Verdict } from './doctor/check.ts'
import { readCheckout } from './doctor/checkout.ts'
import { parseFacts } from './doctor/facts.ts'
import { judge } from './doctor/judge.ts'
import {
  checkApi,
  checkConfirmations,
  checkFunction,
  checkPublicBroadcasts,
  checkPublishableKey,
  checkWebhook,
} from './doctor/requests.ts'
import { checkRoundTrip } from './doctor/round-trip.ts'
import { findProject, PROJECT_OPTIONS, PROJECT_USAGE, type Project } from './project.ts'

const USAGE = `npm run doctor               looks at a project, and says what is wrong and what to do about it

Options, after --:
  --json                     one JSON object a check
${PROJECT_USAGE}
  --help                     this page`

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: styleText('green', '✓'),
  warning: styleText('yellow', '!'),
  failed: styleText('red', '✗'),
  skipped: styleText('gray', '–'),
}

await runCommand(USAGE, main)

async function main(): Promise<void> {
  const values = readFlags()
  if (values.help) return console.log(USAGE)
  const project = await findProject(values)
  if (!values.json)
    console.log(`\n  ${project.url}${project.kind === 'embedded' ? '  (embedded stack)' : ''}\n`)
  let problems = 0
  for await (const check of examine(project)) {
    if (check.verdict === 'failed') problems += 1
    console.log(values.json ? JSON.stringify(check) : line(check))
  }
  if (!values.json)
    console.log(problems === 0 ? '\n  All is well.\n' : `\n  ${problems} to be looked after.\n`)
  if (problems > 0) process.exitCode = 1
}

function readFlags() {
  return parseFlags({
    options: {
      ...PROJECT_OPTIONS,
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

/** In the order of dependency: a check comes after the checks whose subject it needs. */
async function* examine(project: Project): AsyncGenerator<Check> {
  const { url, publishableKey, secretKey, typeformSecret } = project
  const { check, isProject } = await checkApi(url)
  yield check
  if (!isProject) return
  const key = await checkPublishableKey(url, publishableKey)
  yield key
  if (key.verdict === 'ok') {
    yield await checkConfirmations(url, publishableKey)
    yield await checkPublicBroadcasts(url, publishableKey)
  }
  if (secretKey === undefined) {
    yield skipped('database, functions, round trip', 'they take SUPABASE_SECRET_KEY')
    yield await checkWebhook(url, typeformSecret)
    return
  }
  const checkout = readCheckout()
  yield* await database(project, secretKey, checkout)
  for (const name of checkout.functions) {
    if (name !== 'typeform-webhook') yield await checkFunction(url, name, secretKey)
  }
  yield await checkWebhook(url, typeformSecret)
  if (key.verdict === 'ok') yield* await checkRoundTrip(url, publishableKey, secretKey)
}

async function database(
  project: Project,
  secretKey: string,
  checkout: ReturnType<typeof readCheckout>,
): Promise<Check[]> {
  const supabase = createClient<Database>(project.url, secretKey, { auth: { persistSession: false } })
  const { data, error, status } = await supabase.rpc('diagnose')
  if (error !== null) {
    if (status === 401) {
      return [failed('secret key', 'refused', "Copy it from the project's API keys: SUPABASE_SECRET_KEY.")]
    }
    return [
      failed(
        'database',
        `the function diagnose cannot be called: ${error.message}`,
        'npx supabase db push applies the migrations; in the settings, let the Data API show the schema public.',
      ),
    ]
  }
  return judge(parseFacts(data), {
    ...checkout,
    url: project.url,
    secretKeySha256: createHash('sha256').update(secretKey).digest('hex'),
    local: /^https?:\/\/(127\.|localhost\b)/.test(project.url) && project.kind === 'given',
  })
}

function line({ name, verdict, found, remedy }: Check): string {
  const head = `  ${MARKS[verdict]} ${name.padEnd(26)} ${found}`
  return remedy === undefined ? head : `${head}\n${' '.repeat(31)}${styleText('cyan', `→ ${remedy}`)}`
}
