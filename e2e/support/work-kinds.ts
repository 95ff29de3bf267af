/** How to start one job of each kind, for tests that break the functions which work on them. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type pg from 'pg'
import { KINDS } from '../../functions-shared/kinds/index.ts'
import { samplePhotoPath } from '../../samples/photos.ts'
import { sampleVoiceNotePath } from '../../samples/voice-notes.ts'

export interface SampleFiles extends AsyncDisposable {
  readonly origin: string
}

/** Serves `/photo.jpg` and `/voice-note.ogg`. */
export async function serveSampleFiles(): Promise<SampleFiles> {
  const files: Readonly<Record<string, { type: string; bytes: Buffer }>> = {
    '/photo.jpg': { type: 'image/jpeg', bytes: readFileSync(samplePhotoPath('bumper')) },
    '/voice-note.ogg': { type: 'audio/ogg', bytes: readFileSync(sampleVoiceNotePath('ogg')) },
  }
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': file?.type ?? 'text/plain' })
    response.end(file?.bytes)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the file server has no port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Starts one job for a user and returns its id. */
type Start = (db: pg.Pool, userId: string, files: SampleFiles) => Promise<string>

/** Kinds whose work needs more than a row of `jobs`. The others are started by that row alone. */
const STARTS: Readonly<Record<string, Start>> = {
  image: async (db, userId, { origin }) =>
    addDocument(db, await addIncident(db, userId), userId, 'photo', `${origin}/photo.jpg`),
  transcription: async (db, userId, { origin }) =>
    addDocument(db, await addIncident(db, userId), userId, 'audio', `${origin}/voice-note.ogg`),
  pdf: async (db, userId) => {
    const { rows } = await db.query<{ job_id: string }>('select job_id from public.request_report($1)', [
      await addIncident(db, userId),
    ])
    return only(rows).job_id
  },
  status: async (db, userId) => {
    const { rows } = await db.query<{ id: string }>(
      `insert into public.jobs (kind, user_id, subject_id, input, max_attempts)
       values ('status', $1, gen_random_uuid(), '{"updateType": "a", "resource": "b", "status": "c"}', 20) returning id`,
      [userId],
    )
    return only(rows).id
  },
}

/** Every kind of the definitions. */
export const WORK_KINDS: Readonly<Record<string, Start>> = Object.fromEntries(
  KINDS.map(({ kind }) => [kind, STARTS[kind] ?? ((db, userId) => addJob(db, userId, kind))]),
)

async function addJob(db: pg.Pool, userId: string, kind: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    'insert into public.jobs (kind, user_id, subject_id) values ($1, $2, gen_random_uuid()) returning id',
    [kind, userId],
  )
  return only(rows).id
}

async function addIncident(db: pg.Pool, userId: string): Promise<string> {
  const id = randomUUID()
  await db.query(
    `insert into public.incidents (id, user_id, title, description, occurred_on, source)
     values ($1, $2, 'Crash', 'Two cars met at a crossing.', current_date, 'test')`,
    [id, userId],
  )
  return id
}

async function addDocument(
  db: pg.Pool,
  incidentId: string,
  userId: string,
  kind: string,
  url: string,
): Promise<string> {
  const id = randomUUID()
  await db.query(
    `insert into public.documents (id, incident_id, user_id, kind, document_type, source_url)
     values ($1, $2, $3, $4, $4, $5)`,
    [id, incidentId, userId, kind, url],
  )
  const { rows } = await db.query<{ job_id: string }>('select job_id from public.documents where id = $1', [
    id,
  ])
  return only(rows).job_id
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('there is no row')
  return row
}
