/** Recordings of the real server: JSON files, one array of steps each. */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import * as v from 'valibot'

export type RecordedFrame = { kind: 'text'; text: string } | { kind: 'binary'; data: Buffer }

/** Names in lower case. */
const Headers = v.pipe(
  v.nullish(v.record(v.string(), v.unknown()), {}),
  v.transform((headers) => {
    const texts: Record<string, string> = {}
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string') texts[name.toLowerCase()] = value
    }
    return texts
  }),
)

const Body = v.pipe(
  v.unknown(),
  v.transform((body) => {
    if (body === undefined || typeof body === 'string') return body
    const bytes = v.safeParse(v.object({ base64: v.string() }), body)
    return bytes.success ? Buffer.from(bytes.output.base64, 'base64') : JSON.stringify(body)
  }),
)

const Timed = { t_ms: v.number() }
const OnConnection = { ...Timed, conn: v.string() }

function frameStep<Direction extends 'send' | 'recv'>(dir: Direction) {
  return v.pipe(
    v.object({
      ...OnConnection,
      dir: v.literal(dir),
      opcode: v.string(),
      text: v.optional(v.string(), ''),
      base64: v.optional(v.string(), ''),
    }),
    v.transform(({ opcode, text, base64, ...step }) => {
      const frame: RecordedFrame =
        opcode === 'binary' ? { kind: 'binary', data: Buffer.from(base64, 'base64') } : { kind: 'text', text }
      return { ...step, frame }
    }),
  )
}

const HttpStep = v.pipe(
  v.object({
    ...Timed,
    dir: v.literal('http'),
    method: v.string(),
    path: v.string(),
    request_headers: Headers,
    request_body: v.optional(Body),
    status: v.number(),
    response_headers: Headers,
    response_body: v.string(),
  }),
  v.transform(({ t_ms, dir, method, path, request_headers, request_body, status, ...response }) => ({
    t_ms,
    dir,
    request: { method, path, headers: request_headers, body: request_body },
    status,
    contentType: response.response_headers['content-type'],
    body: response.response_body,
  })),
)

const SqlStep = v.pipe(
  v.object({
    ...Timed,
    dir: v.literal('sql'),
    as: v.string(),
    sql: v.string(),
    params: v.optional(v.array(v.unknown()), []),
    rows: v.optional(v.array(v.unknown())),
    notices: v.optional(v.array(v.string()), []),
    error: v.optional(v.object({ code: v.string(), message: v.string() })),
  }),
  v.transform(({ as: role, rows, notices, error, ...step }) => ({
    ...step,
    role,
    outcome: { rows, notices, error },
  })),
)

const StepSchema = v.pipe(
  v.variant('dir', [
    v.object({ ...OnConnection, dir: v.literal('connect'), url: v.string(), headers: Headers }),
    v.object({ ...OnConnection, dir: v.literal('open') }),
    v.object({
      ...OnConnection,
      dir: v.literal('upgrade-refused'),
      status: v.number(),
      headers: Headers,
      body: v.string(),
    }),
    frameStep('send'),
    frameStep('recv'),
    v.object({ ...OnConnection, dir: v.literal('client-close') }),
    v.object({ ...OnConnection, dir: v.literal('close'), code: v.number(), reason: v.string() }),
    HttpStep,
    SqlStep,
    v.object({ ...Timed, dir: v.literal('note'), text: v.string() }),
    // The recording client's own error about a closed socket.
    v.object({ ...Timed, dir: v.literal('error') }),
  ]),
  // `at`: milliseconds since the scenario began.
  v.transform(({ t_ms: at, ...step }) => ({ ...step, at })),
)

const RecordingSchema = v.object({ recorded_at: v.string(), steps: v.array(StepSchema) })

export type Step = v.InferOutput<typeof StepSchema>
export type HttpRequest = Extract<Step, { dir: 'http' }>['request']
export type SqlOutcome = Extract<Step, { dir: 'sql' }>['outcome']

export interface Recording {
  scenario: string
  /** Milliseconds since 1970. */
  recordedAt: number
  steps: Step[]
}

/** Every recording of a folder, by name. @throws when a file is no recording */
export async function readRecordings(folder: string): Promise<Recording[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  return Promise.all(
    names.map(async (name) => parseRecording(name, await readFile(path.join(folder, name), 'utf8'))),
  )
}

function parseRecording(name: string, json: string): Recording {
  const result = v.safeParse(RecordingSchema, JSON.parse(json))
  if (!result.success) {
    const [issue] = result.issues
    throw new Error(`${name} is not a recording: ${issue.message} at ${v.getDotPath(issue) ?? 'the top'}`)
  }
  const { recorded_at: recordedAt, steps } = result.output
  return { scenario: name.replace(/\.json$/, ''), recordedAt: Date.parse(recordedAt), steps }
}
