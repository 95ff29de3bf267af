/** Several people change members and staff at the same moment: one case has one taker, and the firm keeps an admin. */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

async function signIn(client: pg.Client, userId: string): Promise<void> {
  await client.query(`select set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ sub: userId, role: 'authenticated' }),
  ])
}

/** The code of a refusal; null for a call that was accepted. */
async function refusal(call: Promise<unknown>): Promise<string | null> {
  try {
    await call
    return null
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.message
    throw error
  }
}

async function addStaff(db: pg.Client, role: string, userIds: readonly string[]): Promise<void> {
  await db.query('insert into public.staff (user_id, role) select id, $2 from unnest($1::uuid[]) as id', [
    userIds,
    role,
  ])
}

test('of two people who take a case at once, one gets it and the other is told', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const users = await addUsers(first, 3)
    const [owner, bob, dora] = [at(users, 0), at(users, 1), at(users, 2)]
    await addStaff(first, 'handler', [bob, dora])
    const incidentId = randomUUID()
    await first.query(
      `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
      [incidentId, owner],
    )
    await signIn(first, bob)
    await signIn(second, dora)

    await first.query('begin')
    await first.query('select public.take_incident($1)', [incidentId])
    const taking = refusal(second.query('select public.take_incident($1)', [incidentId]))
    await untilBlocked(url, second)
    await first.query('commit')
    expect(await taking).toBe('incident_taken')

    const { rows } = await first.query('select user_id, role from public.incident_members')
    expect(rows).toEqual([{ user_id: bob, role: 'handler' }])
  })
})

test('of two admins who remove each other at once, one stays', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const users = await addUsers(first, 2)
    const [ann, bob] = [at(users, 0), at(users, 1)]
    await addStaff(first, 'admin', [ann, bob])
    await signIn(first, ann)
    await signIn(second, bob)

    await first.query('begin')
    await first.query('select public.remove_staff($1)', [bob])
    const removing = refusal(second.query('select public.remove_staff($1)', [ann]))
    await untilBlocked(url, second)
    await first.query('commit')
    expect(await removing).toBe('role_forbidden')

    const { rows } = await first.query('select user_id from public.staff')
    expect(rows).toEqual([{ user_id: ann }])
  })
})

test('of two admins who give up at once, one stays an admin', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const users = await addUsers(first, 2)
    const [ann, bob] = [at(users, 0), at(users, 1)]
    await addStaff(first, 'admin', [ann, bob])
    await signIn(first, ann)
    await signIn(second, bob)

    await first.query('begin')
    await first.query(`select public.set_staff_role($1, 'handler')`, [ann])
    const giving = refusal(second.query(`select public.set_staff_role($1, 'handler')`, [bob]))
    await untilBlocked(url, second)
    await first.query('commit')
    expect(await giving).toBe('last_admin')
  })
})

test('a member who is removed while another adds somebody leaves a case that both changes fit', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 3, async (clients) => {
    const [setup, first, second] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    const users = await addUsers(setup, 3)
    const [owner, bob, dora] = [at(users, 0), at(users, 1), at(users, 2)]
    await addStaff(setup, 'admin', [bob, dora])
    const incidentId = randomUUID()
    await setup.query(
      `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
      [incidentId, owner],
    )
    await setup.query(
      `insert into public.incident_members (incident_id, user_id, role) values ($1, $2, 'handler')`,
      [incidentId, bob],
    )
    await signIn(first, dora)
    await signIn(second, bob)

    await first.query('begin')
    await first.query('select public.remove_staff($1)', [bob])
    // Bob's call waits for the case, and is then no call of a handler any more.
    const adding = refusal(
      second.query(`select public.add_member($1, 'new@claimwire.test', 'viewer')`, [incidentId]),
    )
    await untilBlocked(url, second)
    await first.query('commit')
    expect(await adding).toBe('incident_not_found')
    const { rows } = await setup.query(
      `select (select count(*)::integer from public.incident_members) as members,
         (select count(*)::integer from public.invitations) as invitations,
         (select unassigned from public.incidents) as unassigned`,
    )
    expect(rows).toEqual([{ members: 0, invitations: 0, unassigned: true }])
  })
})
