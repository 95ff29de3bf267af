/** Arguments that are far too large or costly, sent over HTTP by a caller with an anonymous sign-in. */

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Client, newClient } from '../support/claims.ts'

const MARKS = `a${'\u0301\u0323'.repeat(500_000)}`

async function anonymousCaller(): Promise<Client> {
  const client = newClient()
  const { error } = await client.auth.signInAnonymously()
  expect(error).toBeNull()
  return client
}

/** Calls that cost a second or more where a function works on its arguments before it looks at their size. */
const ATTACKS: Readonly<Record<string, (client: Client) => PromiseLike<{ status: number; error: unknown }>>> =
  {
    'a description of 2 MB of combining marks': (client) =>
      client.rpc('update_incident', { p_incident_id: randomUUID(), p_description: MARKS }),
    'a title of 2 MB of combining marks': (client) =>
      client.rpc('update_incident', { p_incident_id: randomUUID(), p_title: MARKS }),
    'a note of 2 MB of combining marks': (client) =>
      client.rpc('add_case_note', { p_incident_id: randomUUID(), p_body: MARKS }),
    'a file name of 2 MB of combining marks': (client) =>
      client.rpc('submit_upload', { p_incident_id: randomUUID(), p_path: 'a', p_file_name: MARKS }),
    'a device label of 2 MB of combining marks': (client) =>
      client.rpc('register_device', { p_device_id: randomUUID(), p_label: MARKS }),
    'a payload of 2 MB of combining marks': (client) =>
      client.rpc('send_to_topic', {
        p_topic: `incident:${randomUUID()}`,
        p_event: 'typing',
        p_payload: { MARKS },
      }),
    'a million numbers': (client) =>
      client.rpc('mark_notifications', { p_seqs: Array<number>(1_000_000).fill(1), p_seen: true }),
  }

test.each(Object.entries(ATTACKS))(
  '%s is refused with 413, also many at once, and the database answers others',
  async (_, attack) => {
    const [attacker, other] = await Promise.all([anonymousCaller(), anonymousCaller()])
    const refusals = await Promise.all(Array.from({ length: 4 }, () => attack(attacker)))
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ status: 413, error: { message: 'message_too_large' } })
    }
    const { error } = await other.rpc('notification_counts')
    expect(error).toBeNull()
  },
  20_000,
)
