/**
 * Bounces and complaints in the body of a provider's webhook. Providers name the same facts differently:
 *
 * | provider | event                                       | address     |
 * |----------|---------------------------------------------|-------------|
 * | Postmark | `RecordType: Bounce` with `Type: HardBounce`, `SpamComplaint` | `Email` |
 * | SendGrid | a list with `event: bounce`, `spamreport`   | `email`     |
 * | Brevo    | `event: hard_bounce`, `spam`                | `email`     |
 * | Resend   | `type: email.bounced`, `email.complained`   | `data.to[]` |
 *
 * Bounces that pass (a full mailbox) suppress nothing. Other events, such as deliveries, are no fault.
 */

import * as v from 'valibot'

export interface MailEvent {
  address: string
  reason: 'bounce' | 'complaint'
}

/** Events read of one request; the rest is left out. */
export const MAX_EVENTS = 1000

const REASONS: Readonly<Record<string, MailEvent['reason']>> = {
  hardbounce: 'bounce',
  bounce: 'bounce',
  hard_bounce: 'bounce',
  'email.bounced': 'bounce',
  spamcomplaint: 'complaint',
  spamreport: 'complaint',
  spam: 'complaint',
  'email.complained': 'complaint',
}

const text = v.fallback(v.optional(v.string()), undefined)
const entry = v.fallback(
  v.object({
    RecordType: text,
    Type: text,
    event: text,
    type: text,
    Email: text,
    email: text,
    data: v.fallback(
      v.optional(v.object({ to: v.fallback(v.optional(v.array(v.string())), undefined) })),
      undefined,
    ),
  }),
  {
    RecordType: undefined,
    Type: undefined,
    event: undefined,
    type: undefined,
    Email: undefined,
    email: undefined,
    data: undefined,
  },
)
const ADDRESS = /^[^@\s]{1,256}@[^@\s]{1,255}$/

export function mailEventsOf(body: unknown): MailEvent[] {
  const entries: unknown[] = Array.isArray(body) ? body.slice(0, MAX_EVENTS) : [body]
  return entries.flatMap((value) => {
    const { RecordType, Type, event, type, Email, email, data } = v.parse(entry, value)
    // Postmark's record of a bounce has its kind in a second field.
    const name = RecordType === 'Bounce' ? Type : (RecordType ?? event ?? type)
    const reason = REASONS[name?.toLowerCase() ?? '']
    if (reason === undefined) return []
    return [Email, email, ...(data?.to ?? [])].flatMap((address) =>
      address !== undefined && ADDRESS.test(address) ? [{ address: address.toLowerCase(), reason }] : [],
    )
  })
}
