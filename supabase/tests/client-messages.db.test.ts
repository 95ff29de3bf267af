/** Events that a member may send to the other members of an incident, compared with the catalogue of messages. */

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { MESSAGE_TYPES } from '../../functions-shared/message-types.ts'
import { asUser, createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers } from './support.ts'

/** The one type of the catalogue that clients send. */
const OF_CLIENTS = 'user_typing'

test('of the types in the catalogue, a member can send user_typing alone', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const [userId = ''] = await addUsers(client, 1)
    const incidentId = randomUUID()
    await client.query(
      `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
      [incidentId, userId],
    )
    const send = (event: string) =>
      asUser(client, { sub: userId }, () =>
        client.query('select public.send_to_topic($1, $2)', [`incident:${incidentId}`, event]),
      ).then(
        () => 'sent',
        (error: Error) => error.message,
      )
    const outcomes: Record<string, string> = {}
    for (const type of MESSAGE_TYPES) outcomes[type] = await send(type)
    const expected = MESSAGE_TYPES.map((type) => [type, type === OF_CLIENTS ? 'sent' : 'invalid_arguments'])
    expect(outcomes).toEqual(Object.fromEntries(expected))
  })
})
