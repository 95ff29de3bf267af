/**
 * `npm run staff -- --email <address>`: makes a person staff of the firm. For the operator, who appoints the first admin; the
 * admins do the rest in the dashboard.
 */

import { createClient } from '@supabase/supabase-js'
import pg from 'pg'
import type { Database } from '../functions-shared/database.types.ts'
import { isRecord } from '../functions-shared/unknown.ts'
import { parseFlags, runCommand, UsageError } from './command-line.ts'
import { findProject, PROJECT_OPTIONS, PROJECT_USAGE } from './project.ts'

const USAGE = `npm run staff -- --email <address>    makes a person staff of the firm

Options:
  --email <address>          whom; an address without an account is invited by mail
  --role handler|admin       handler takes cases; admin also sees all and manages the staff (handler)
  --db-url <postgres url>    by the database itself instead of a secret key
${PROJECT_USAGE}
  --help                     this page`

await runCommand(USAGE, main)

async function main(): Promise<void> {
  const { values } = parseFlags({
    options: {
      ...PROJECT_OPTIONS,
      email: { type: 'string' },
      role: { type: 'string', default: 'handler' },
      'db-url': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const { email, role, 'db-url': dbUrl } = values
  if (email === undefined) throw new UsageError('Whom? Name a person with --email.')
  if (role !== 'handler' && role !== 'admin') throw new UsageError('A role is handler or admin.')
  const answer = dbUrl === undefined ? await byKey(values, email, role) : await bySql(dbUrl, email, role)
  console.log(
    isRecord(answer) && answer.status === 'added'
      ? `${email} is on the staff as ${role}.`
      : `${email} has no account with a confirmed address: invited as ${role}, a mail is on its way.`,
  )
}

async function byKey(
  values: { url?: string | undefined; 'data-dir': string },
  email: string,
  role: string,
): Promise<unknown> {
  const project = await findProject(values)
  if (project.secretKey === undefined) throw new UsageError('It takes SUPABASE_SECRET_KEY, or --db-url.')
  const admin = createClient<Database>(project.url, project.secretKey, { auth: { persistSession: false } })
  const { data, error } = await admin.rpc('appoint_staff', { p_email: email, p_role: role })
  if (error !== null) throw new UsageError(`It was refused: ${error.message}. ${error.details ?? ''}`.trim())
  return data
}

async function bySql(dbUrl: string, email: string, role: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: dbUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ answer: unknown }>(
      'select public.appoint_staff($1, $2) as answer',
      [email, role],
    )
    return rows[0]?.answer
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    throw new UsageError(`It was refused: ${error.message}. ${error.detail ?? ''}`.trim())
  } finally {
    await client.end()
  }
}
