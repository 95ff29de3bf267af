/**
 * `npm run verify -- --incident <id>`: proves that the originals of an incident are unchanged, or names what is not.
 *
 *   custody log ──▶ chain recomputed here ──▶ verify_custody in the database ──▶ every original downloaded and hashed
 *
 * Exits with 0 when all of it fits, with 1 when something does not, with 2 for a wrong command line.
 */

import { createHash } from 'node:crypto'
import { styleText } from 'node:util'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../functions-shared/database.types.ts'
import { isUuid } from '../functions-shared/uuid.ts'
import { parseFlags, runCommand, UsageError } from './command-line.ts'
import { findProject, PROJECT_OPTIONS, PROJECT_USAGE } from './project.ts'
import { type CustodyEvent, checkChain } from './verify/chain.ts'

const USAGE = `npm run verify -- --incident <id>    proves that the files of an incident are unchanged

Options:
  --incident <id>            the incident
  --head <hash>              also that the custody log holds this hash, as printed on a report
  --json                     one JSON object
${PROJECT_USAGE}
  --help                     this page`

interface Verdict {
  intact: boolean
  /** Rows of the custody log. */
  events: number
  /** Originals that were downloaded and hashed. */
  originals: number
  /** Hash of the log's last row. */
  head: string | null
  /** The first thing that does not fit. */
  problem?: string
  detail?: string
}

/** Rows of one request. */
const PAGE = 1000

await runCommand(USAGE, main)

async function main(): Promise<void> {
  const values = parseFlags({
    options: {
      ...PROJECT_OPTIONS,
      incident: { type: 'string' },
      head: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
  if (values.help) return console.log(USAGE)
  if (values.incident === undefined || !isUuid(values.incident))
    throw new UsageError('Which incident? Give its id with --incident.')
  if (values.head !== undefined && !/^[0-9a-f]{64}$/.test(values.head))
    throw new UsageError('A head is a hash of 64 hexadecimal digits.')
  const { url, secretKey } = await findProject(values)
  if (secretKey === undefined) throw new UsageError('It takes SUPABASE_SECRET_KEY.')
  const supabase = createClient<Database>(url, secretKey, { auth: { persistSession: false } })
  const verdict = await verify(supabase, values.incident, values.head)
  console.log(values.json ? JSON.stringify(verdict) : inWords(verdict))
  if (!verdict.intact) process.exitCode = 1
}

async function verify(
  supabase: SupabaseClient<Database>,
  incidentId: string,
  head: string | undefined,
): Promise<Verdict> {
  const events = await readEvents(supabase, incidentId)
  const verdict = { events: events.length, originals: 0, head: events.at(-1)?.hash ?? null }
  const broken = checkChain(events)
  if (broken !== null)
    return {
      ...verdict,
      intact: false,
      problem: broken.problem,
      detail: `Event ${broken.number} of the custody log.`,
    }
  if (head !== undefined && !events.some(({ hash }) => hash === head)) {
    const detail = 'The custody log holds no such hash: it is not the log that the report was printed from.'
    return { ...verdict, intact: false, problem: 'head_unknown', detail }
  }
  const { data, error } = await supabase.rpc('verify_custody', { p_incident_id: incidentId }).single()
  if (error !== null) throw error
  if (!data.intact) return { ...verdict, intact: false, problem: data.problem, detail: data.detail }
  for (const original of await readOriginals(supabase, incidentId)) {
    const found = await hashObject(supabase, original.path, original.byteSize)
    if (found !== original.sha256) {
      const detail = `${original.path}: ${found === null ? 'the file is missing or has another size' : `its SHA-256 is ${found}`}.`
      return { ...verdict, intact: false, problem: 'original_changed', detail }
    }
    verdict.originals += 1
  }
  return { ...verdict, intact: true }
}

async function readEvents(supabase: SupabaseClient<Database>, incidentId: string): Promise<CustodyEvent[]> {
  const events: CustodyEvent[] = []
  for (;;) {
    const { data, error } = await supabase
      .from('custody_events')
      .select()
      .eq('incident_id', incidentId)
      .gt('number', events.length)
      .order('number')
      .limit(PAGE)
    if (error !== null) throw error
    events.push(...data)
    // A gap would make the next page begin before its end: the chain is broken, and that is the finding.
    if (data.length < PAGE || data.at(-1)?.number !== events.length) return events
  }
}

interface Original {
  path: string
  sha256: string
  byteSize: number
}

async function readOriginals(supabase: SupabaseClient<Database>, incidentId: string): Promise<Original[]> {
  const originals = new Map<string, Original>()
  for (let from = 0; ; from += PAGE) {
    const { data, error } = await supabase
      .from('documents')
      .select('original_path, sha256, byte_size')
      .eq('incident_id', incidentId)
      .not('original_path', 'is', null)
      .order('id')
      .range(from, from + PAGE - 1)
    if (error !== null) throw error
    for (const { original_path: path, sha256, byte_size: byteSize } of data) {
      if (path !== null && sha256 !== null && byteSize !== null)
        originals.set(path, { path, sha256, byteSize })
    }
    if (data.length < PAGE) return [...originals.values()]
  }
}

/** SHA-256 of an object, read piece by piece; null for a missing object and for one of another size. */
async function hashObject(
  supabase: SupabaseClient<Database>,
  path: string,
  byteSize: number,
): Promise<string | null> {
  const { data, error } = await supabase.storage.from('originals').download(path).asStream()
  if (error !== null) {
    if (error.name === 'StorageApiError') return null
    throw error
  }
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of data) {
    size += piece.length
    if (size > byteSize) return null
    hash.update(piece)
  }
  return size === byteSize ? hash.digest('hex') : null
}

function inWords({ intact, events, originals, head, problem, detail }: Verdict): string {
  const mark = intact ? styleText('green', '✓ unchanged') : styleText('red', `✗ ${problem}`)
  const counts = `${events} events, ${originals} originals hashed`
  return [
    `\n  ${mark}  ${counts}`,
    ...(detail ? [`  ${detail}`] : []),
    `  head ${head ?? '(no events)'}\n`,
  ].join('\n')
}
