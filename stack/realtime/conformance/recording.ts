/** Recordings of the real server: JSON files, read field by field. */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { isRecord } from '../../../functions-shared/unknown.ts'

export interface Recording {
  scenario: string
  /** Milliseconds since 1970. */
  recordedAt: number
  steps: Step[]
}

interface Timed {
  /** Milliseconds since the scenario began. */
  at: number
}

export type Step = Timed &
  (
    | { dir: 'connect'; conn: string; url: string; headers: Record<string, string> }
    | { dir: 'open'; conn: string }
    | { dir: 'upgrade-refused'; conn: string; status: number; body: string; contentType: string | undefined }
    | { dir: 'send'; conn: string; frame: RecordedFrame }
    | { dir: 'recv'; conn: string; frame: RecordedFrame }
    | { dir: 'client-close'; conn: string }
    | { dir: 'close'; conn: string; code: number; reason: string }
    | { dir: 'http'; request: HttpRequest; status: number; contentType: string | undefined; body: string }
    | { dir: 'sql'; role: string; sql: string; params: unknown[]; outcome: SqlOutcome }
    | { dir: 'note'; text: string }
  )

export type RecordedFrame = { kind: 'text'; text: string } | { kind: 'binary'; data: Buffer }

export interface HttpRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string | Buffer | undefined
}

export interface SqlOutcome {
  rows: unknown[] | undefined
  notices: string[]
  error: { code: string; message: string } | undefined
}

/** Every recording of a folder, by name. @throws when a file is no recording */
export async function readRecordings(folder: string): Promise<Recording[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  return Promise.all(
    names.map(async (name) => parseRecording(name, await readFile(path.join(folder, name), 'utf8'))),
  )
}

export function parseRecording(name: string, json: string): Recording {
  const value: unknown = JSON.parse(json)
  if (!isRecord(value) || !Array.isArray(value.steps)) throw new Error(`${name} is not a recording`)
  return {
    scenario: name.replace(/\.json$/, ''),
    recordedAt: Date.parse(string(value.recorded_at)),
    steps: value.steps.flatMap((step: unknown, index) => parseStep(step, `${name}, step ${index}`)),
  }
}

function parseStep(value: unknown, where: string): Step[] {
  if (!isRecord(value)) throw new Error(`${where} is not a step`)
  const at = number(value.t_ms)
  const conn = string(value.conn)
  switch (value.dir) {
    case 'connect':
      return [{ dir: 'connect', at, conn, url: string(value.url), headers: strings(value.headers) }]
    case 'open':
      return [{ dir: 'open', at, conn }]
    case 'upgrade-refused': {
      const contentType = strings(value.headers)['content-type']
      return [
        {
          dir: 'upgrade-refused',
          at,
          conn,
          status: number(value.status),
          body: string(value.body),
          contentType,
        },
      ]
    }
    case 'send':
      return [{ dir: 'send', at, conn, frame: frameOf(value) }]
    case 'recv':
      return [{ dir: 'recv', at, conn, frame: frameOf(value) }]
    case 'client-close':
      return [{ dir: 'client-close', at, conn }]
    case 'close':
      return [{ dir: 'close', at, conn, code: number(value.code), reason: string(value.reason) }]
    case 'http':
      return [
        {
          dir: 'http',
          at,
          request: {
            method: string(value.method),
            path: string(value.path),
            headers: strings(value.request_headers),
            body: bodyOf(value.request_body),
          },
          status: number(value.status),
          contentType: strings(value.response_headers)['content-type'],
          body: string(value.response_body),
        },
      ]
    case 'sql':
      return [
        {
          dir: 'sql',
          at,
          role: string(value.as),
          sql: string(value.sql),
          params: Array.isArray(value.params) ? value.params : [],
          outcome: outcomeOf(value),
        },
      ]
    case 'note':
      return [{ dir: 'note', at, text: string(value.text) }]
    // What the recording client said about its own closed socket.
    case 'error':
      return []
    default:
      throw new Error(`${where} has an unknown direction`)
  }
}

function frameOf(step: Record<string, unknown>): RecordedFrame {
  if (step.opcode === 'binary') return { kind: 'binary', data: Buffer.from(string(step.base64), 'base64') }
  return { kind: 'text', text: string(step.text) }
}

function bodyOf(body: unknown): string | Buffer | undefined {
  if (body === undefined || typeof body === 'string') return body
  if (isRecord(body) && typeof body.base64 === 'string') return Buffer.from(body.base64, 'base64')
  return JSON.stringify(body)
}

function outcomeOf(step: Record<string, unknown>): SqlOutcome {
  const { error, rows, notices } = step
  return {
    rows: Array.isArray(rows) ? rows : undefined,
    notices: Array.isArray(notices) ? notices.map(string) : [],
    error: isRecord(error) ? { code: string(error.code), message: string(error.message) } : undefined,
  }
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function strings(value: unknown): Record<string, string> {
  const result: Record<string, string> = {}
  if (!isRecord(value)) return result
  for (const [key, field] of Object.entries(value))
    if (typeof field === 'string') result[key.toLowerCase()] = field
  return result
}
