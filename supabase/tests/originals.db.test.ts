/** Equal files of an incident at the same moment: one is kept. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

const HASH = 'a'.repeat(64)

async function addDocuments(db: pg.Client, count: number): Promise<{ incidentId: string; ids: string[] }> {
  const [userId] = await addUsers(db, 1)
  const incidentId = randomUUID()
  await db.query(
    `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
    [incidentId, userId],
  )
  const ids = Array.from({ length: count }, () => randomUUID())
  await db.query(
    `insert into public.documents (id, incident_id, user_id, kind, document_type)
     select id, $2, $3, 'photo', 'photo' from unnest($1::uuid[]) as id`,
    [ids, incidentId, userId],
  )
  return { incidentId, ids }
}

/** As a worker does it for a file that the incident does not have: its bytes are stored, and then the row points to them. */
async function keep(
  db: pg.Client,
  path: string,
  id: string,
): Promise<{ duplicate_of: string | null; leftovers: string[] }> {
  await db.query(`insert into storage.objects (bucket_id, name) values ('originals', $1)`, [path])
  const { rows } = await db.query<{ place: { duplicate_of: string | null; leftovers: string[] } }>(
    `select public.keep_original($1, $2, 3, 'image/jpeg', $3) as place`,
    [id, HASH, path],
  )
  return at(rows, 0).place
}

test('the second waits for the first and becomes its duplicate', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const { incidentId, ids } = await addDocuments(first, 2)
    const path = (id: string) => `${incidentId}/${id}/${HASH}.jpg`
    await first.query('begin')
    expect(await keep(first, path(at(ids, 0)), at(ids, 0))).toMatchObject({
      duplicate_of: null,
      leftovers: [],
    })
    const later = keep(second, path(at(ids, 1)), at(ids, 1))
    await untilBlocked(database.urls.postgres, second)
    await first.query('commit')
    expect(await later).toMatchObject({ duplicate_of: at(ids, 0), leftovers: [path(at(ids, 1))] })
  })
})

test('of many at once, one is kept and all others point to it', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 12, async (clients) => {
    const { incidentId, ids } = await addDocuments(at(clients, 0), clients.length)
    const path = (id: string) => `${incidentId}/${id}/${HASH}.jpg`
    const [first, ...later] = clients
    if (first === undefined) throw new Error('there is no client')
    // All of them have begun, and stored their bytes, before any has ended.
    await Promise.all(clients.map((client) => client.query('begin')))
    const places = [keep(first, path(at(ids, 0)), at(ids, 0))]
    await places[0]
    let waiting = later.length
    for (const [index, client] of later.entries()) {
      places.push(
        keep(client, path(at(ids, index + 1)), at(ids, index + 1)).finally(() => {
          waiting -= 1
        }),
      )
    }
    await Promise.race([
      Promise.all(later.map((client) => untilBlocked(database.urls.postgres, client))),
      // Who did not wait cannot know of the first.
      Promise.race(places.slice(1)),
    ])
    expect(waiting).toBe(later.length)
    await Promise.all(
      clients.map(async (client, index) => {
        await places[index]
        await client.query('commit')
      }),
    )

    const kept = await Promise.all(places)
    expect(kept.map((place) => place.duplicate_of)).toEqual(ids.map((_, n) => (n === 0 ? null : ids[0])))
    // The bytes that each of the others had stored are named, for nothing points to them.
    expect(kept.map((place) => place.leftovers)).toEqual(ids.map((id, n) => (n === 0 ? [] : [path(id)])))
    const { rows } = await first.query(
      `select duplicate_of, original_path, sha256, count(*)::integer
       from public.documents group by duplicate_of, original_path, sha256 order by count(*)`,
    )
    const shared = { original_path: path(at(ids, 0)), sha256: HASH }
    expect(rows).toEqual([
      { ...shared, duplicate_of: null, count: 1 },
      { ...shared, duplicate_of: ids[0], count: later.length },
    ])
  })
})

test('a duplicate was received after what it is a duplicate of, whichever began first', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const { incidentId, ids } = await addDocuments(first, 2)
    await second.query('begin')
    await second.query('select now()')
    await keep(first, `${incidentId}/${at(ids, 0)}/${HASH}.jpg`, at(ids, 0))
    await keep(second, `${incidentId}/${at(ids, 1)}/${HASH}.jpg`, at(ids, 1))
    await second.query('commit')
    const { rows } = await first.query('select id from public.documents order by received_at')
    expect(rows).toEqual([{ id: at(ids, 0) }, { id: at(ids, 1) }])
  })
})
