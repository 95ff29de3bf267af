/** One Typeform response, delivered many times at once. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

interface Received {
  incident_id: string
  document_ids: string[]
  job_ids: string[]
  duplicate: boolean
}

test('20 concurrent deliveries of one response are one incident, and all get its ids', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 20, async (clients) => {
    const setup = at(clients, 0)
    const userId = at(await addUsers(setup, 1), 0)
    for (const client of clients) await client.query('set role service_role')
    for (let round = 0; round < 5; round += 1) {
      const body = response()
      const received = await Promise.all(clients.map((client) => receive(client, body, userId)))
      expect(received.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
      expect(new Set(received.map(({ duplicate, ...ids }) => JSON.stringify(ids))).size).toBe(1)
      expect(at(received, 0).document_ids).toHaveLength(3)
      expect(at(received, 0).job_ids).toHaveLength(3)
    }
    const { rows } = await setup.query(
      `select (select count(*) from public.incidents) as incidents,
         (select count(*) from public.incident_members) as members,
         (select count(*) from public.documents) as documents,
         (select count(*) from public.jobs) as jobs`,
    )
    expect(rows).toEqual([{ incidents: '5', members: '5', documents: '15', jobs: '15' }])
  })
})

test('a delivery that fails leaves nothing, and the one that waited for it does the work', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const userId = at(await addUsers(first, 1), 0)
    const body = response()
    await first.query('begin')
    const undone = await receive(first, body, userId)
    const waiting = receive(second, body, userId)
    await untilBlocked(url, second)
    await first.query('rollback')
    const done = await waiting
    expect(done.duplicate).toBe(false)
    expect(done.incident_id).not.toBe(undone.incident_id)
    const { rows } = await first.query('select id from public.incidents')
    expect(rows).toEqual([{ id: done.incident_id }])
  })
})

function response(): string {
  const file = (id: string, name: string) => ({
    type: 'file_url',
    file_url: `https://files.claimwire.test/${name}`,
    field: { id, ref: 'photos', type: 'file_upload' },
  })
  return JSON.stringify({
    event_type: 'form_response',
    form_response: {
      form_id: 'form',
      token: randomUUID(),
      answers: [file('a', 'front.jpg'), file('b', 'rear.png'), file('c', 'note.m4a')],
    },
  })
}

async function receive(client: pg.Client, body: string, userId: string): Promise<Received> {
  const { rows } = await client.query<{ received: Received }>(
    'select public.receive_typeform_response($1, $2) as received',
    [body, userId],
  )
  return at(rows, 0).received
}
