import { AppError } from '../../../functions-shared/app-error.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { MAX_EVENTS, type MailEvent, mailEventsOf } from './events.ts'
import { handleMailEvents } from './handler.ts'

const SECRET = 'provider-secret'

async function deliver(body: unknown, authorization: string | null, secrets: readonly string[] = [SECRET]) {
  const suppressed: MailEvent[] = []
  const request = new Request('http://functions.test/mail-events', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: authorization === null ? {} : { authorization },
  })
  const answer = await handleMailEvents(request, {
    secrets,
    suppress: (event) => {
      if (event.address.startsWith('away')) return Promise.reject(new AppError('database_unavailable'))
      suppressed.push(event)
      return Promise.resolve()
    },
    log: recordLog(),
  })
  return { status: answer.status, suppressed }
}

const bounce = (address: string): MailEvent => ({ address, reason: 'bounce' })
const complaint = (address: string): MailEvent => ({ address, reason: 'complaint' })

for (const [provider, body, events] of [
  [
    'Postmark',
    { RecordType: 'Bounce', Type: 'HardBounce', Email: 'Ana@example.com' },
    [bounce('ana@example.com')],
  ],
  ['Postmark, a full mailbox', { RecordType: 'Bounce', Type: 'SoftBounce', Email: 'ana@example.com' }, []],
  ['Postmark, a complaint', { RecordType: 'SpamComplaint', Email: 'a@b.test' }, [complaint('a@b.test')]],
  [
    'SendGrid',
    [
      { event: 'bounce', email: 'a@b.test' },
      { event: 'delivered', email: 'c@d.test' },
      { event: 'spamreport', email: 'e@f.test' },
    ],
    [bounce('a@b.test'), complaint('e@f.test')],
  ],
  ['Brevo', { event: 'hard_bounce', email: 'a@b.test' }, [bounce('a@b.test')]],
  [
    'Resend',
    { type: 'email.bounced', data: { to: ['a@b.test', 'c@d.test'] } },
    [bounce('a@b.test'), bounce('c@d.test')],
  ],
  ['a text', 'bounce', []],
  ['null', null, []],
  ['no address', { event: 'bounce', email: 'not an address' }, []],
  ['an address of 1 MB', { event: 'bounce', email: `${'a'.repeat(1_000_000)}@b.test` }, []],
  ['other types of values', { event: 5, email: ['a@b.test'], data: 7 }, []],
] as const) {
  Deno.test(`events are read: ${provider}`, () => assertEquals<unknown>(mailEventsOf(body), events))
}

Deno.test('a request with the secret suppresses the addresses', async () => {
  const body = { event: 'hard_bounce', email: 'a@b.test' }
  for (const header of [`Bearer ${SECRET}`, `Basic ${btoa(`mail:${SECRET}`)}`]) {
    assertEquals(await deliver(body, header), { status: 200, suppressed: [bounce('a@b.test')] })
  }
})

for (const [name, header] of [
  ['no header', null],
  ['another secret', 'Bearer guess'],
  ['another scheme', `Digest ${SECRET}`],
  ['no base64', 'Basic %%%'],
  ['the secret as the user', `Basic ${btoa(`${SECRET}:`)}`],
] as const) {
  Deno.test(`${name} is refused with 401`, async () => {
    const { status, suppressed } = await deliver({ event: 'bounce', email: 'a@b.test' }, header)
    assertEquals([status, suppressed.length], [401, 0])
  })
}

Deno.test('without a configured secret every request is refused', async () => {
  assertEquals((await deliver({}, 'Bearer ', [])).status, 503)
  assertEquals((await deliver({}, `Bearer ${SECRET}`, [])).status, 503)
})

Deno.test('an unavailable database answers 503, so that the provider repeats the event', async () => {
  assertEquals((await deliver({ event: 'bounce', email: 'away@b.test' }, `Bearer ${SECRET}`)).status, 503)
})

Deno.test('a list is read up to its bound', () => {
  const many = Array.from({ length: MAX_EVENTS + 5 }, () => ({ event: 'bounce', email: 'a@b.test' }))
  assertEquals(mailEventsOf(many).length, MAX_EVENTS)
})
