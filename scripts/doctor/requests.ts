/** Checks that ask the project over HTTP, as a page or another service does. */

import { createHmac, randomUUID } from 'node:crypto'
import { isRecord } from '../../functions-shared/unknown.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'

/** Milliseconds. A function may have to start before it answers. */
const TIMEOUT_MS = 15_000

export interface Answer {
  status: number
  body: unknown
  ms: number
}

/** Null where no server answered in time. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer | null> {
  const began = performance.now()
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const text = await response.text()
    return { status: response.status, body: parse(text), ms: Math.round(performance.now() - began) }
  } catch {
    // Refused, reset, unknown host or too slow: callers treat all of them as no answer.
    return null
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `isProject`: false where no server answers, or one that is no Supabase project. Further checks make no sense then. */
export async function checkApi(url: string): Promise<{ check: Check; isProject: boolean }> {
  const answer = await ask(`${url}/auth/v1/.well-known/jwks.json`)
  if (answer === null) {
    const remedy = 'Check the address; is the project paused, or `npm start` not running?'
    return { check: failed('API', `no answer from ${url}`, remedy), isProject: false }
  }
  if (!isRecord(answer.body)) {
    const found = `what answers at ${url} is no Supabase project (HTTP ${answer.status})`
    return { check: failed('API', found, 'Check the address: it is that of the API.'), isProject: false }
  }
  const keys = Array.isArray(answer.body.keys) ? answer.body.keys.length : 0
  const check =
    keys > 0
      ? ok('API', `answers in ${answer.ms} ms, ${keys} signing key${keys === 1 ? '' : 's'}`)
      : failed(
          'API',
          'there is no asymmetric signing key: Edge Functions refuse tokens signed with the legacy secret',
          "Migrate to JWT signing keys (ES256) in the project's settings.",
        )
  return { check, isProject: true }
}

export async function checkPublishableKey(url: string, key: string): Promise<Check> {
  const answer = await ask(`${url}/auth/v1/settings`, { headers: { apikey: key } })
  return answer?.status === 200
    ? ok('publishable key', 'accepted')
    : failed(
        'publishable key',
        answer === null ? 'no answer' : `refused with HTTP ${answer.status}`,
        "Copy it from the project's API keys: SUPABASE_PUBLISHABLE_KEY.",
      )
}

/**
 * Whether a sign-up has to prove its mailbox. Where it has not, Auth gives an unconfirmed account to the first person who
 * signs up with its address. On a machine of one's own, as on the embedded stack, that is a warning.
 */
export async function checkConfirmations(url: string, key: string): Promise<Check> {
  const name = 'e-mail confirmation'
  const answer = await ask(`${url}/auth/v1/settings`, { headers: { apikey: key } })
  if (!isRecord(answer?.body) || typeof answer.body.mailer_autoconfirm !== 'boolean')
    return skipped(name, 'Auth does not say whether sign-ups are confirmed')
  if (!answer.body.mailer_autoconfirm) return ok(name, 'a sign-up proves its mailbox')
  const isLocal = /^https?:\/\/(127\.|localhost\b|\[::1\])/.test(url)
  return (isLocal ? warning : failed)(
    name,
    'off: a sign-up opens an account for any address, without proof that the mailbox is its own',
    'Auth → Sign In / Up → Email → Confirm email; in config.toml: [auth.email] enable_confirmations = true.',
  )
}

/**
 * Whether the publishable key alone may send public broadcasts, which count against the same limit of events per second as
 * the messages of the database. The event goes to a topic of a random name.
 */
export async function checkPublicBroadcasts(url: string, key: string): Promise<Check> {
  const name = 'public broadcasts'
  const answer = await ask(`${url}/realtime/v1/api/broadcast`, {
    method: 'POST',
    headers: { apikey: key, 'content-type': 'application/json' },
    body: JSON.stringify({
      messages: [{ topic: `doctor-${randomUUID()}`, event: 'doctor', payload: {}, private: false }],
    }),
  })
  if (answer === null) return failed(name, 'Realtime does not answer', 'Look into its logs.')
  if (answer.status >= 400) return ok(name, `refused with HTTP ${answer.status}`)
  return warning(
    name,
    'accepted: with the publishable key alone, live messages can be crowded out; pages then catch up from the table',
    'Supabase has no setting for it. Watch Realtime → events per second, and rotate the publishable key after abuse.',
  )
}

/**
 * Functions that check their callers by a secret of their own, and that a project can do without. Each refuses the doctor's
 * request, which has no such secret.
 */
const OPTIONAL_WEBHOOKS: Readonly<Record<string, { secret: string; without: string }>> = {
  'mail-events': { secret: 'MAIL_EVENTS_SECRET', without: 'bounces and complaints are not recorded' },
}

/** Sends an empty request. A refusal by the function itself shows that it is deployed and accepts the key. */
export async function checkFunction(url: string, name: string, secretKey: string): Promise<Check> {
  const address = `${url}/functions/v1/${name}`
  const what = `function ${name}`
  const answer =
    name === 'health'
      ? await ask(address)
      : await ask(address, { method: 'POST', headers: { apikey: secretKey }, body: '{}' })
  const deploy = `npx supabase functions deploy ${name}`
  if (answer === null) return failed(what, 'no answer', `Look into its logs; ${deploy}`)
  if (answer.status === 404) return failed(what, 'not deployed', deploy)
  const webhook = OPTIONAL_WEBHOOKS[name]
  if (webhook !== undefined) {
    const code = codeOf(answer.body)
    if (code === 'webhook_not_configured')
      return ok(what, `answers in ${answer.ms} ms; without ${webhook.secret}, ${webhook.without}`)
    if (code === 'signature_missing' || code === 'signature_mismatch')
      return ok(what, `answers in ${answer.ms} ms; ${webhook.secret} is set`)
  }
  if (answer.status === 401) {
    return failed(
      what,
      'refuses the secret key',
      "Use the project's sb_secret_ key; verify_jwt must be off, as in supabase/config.toml.",
    )
  }
  if (answer.status >= 500) return failed(what, `HTTP ${answer.status}`, 'Look into its logs.')
  return ok(what, `answers in ${answer.ms} ms`)
}

/** Sends a body with a correct signature that is no form response, so the webhook stores nothing. */
export async function checkWebhook(url: string, secret: string | undefined): Promise<Check> {
  const name = 'webhook secret'
  const body = '{}'
  const signature = createHmac('sha256', secret ?? 'none')
    .update(body)
    .digest('base64')
  const answer = await ask(`${url}/functions/v1/typeform-webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'typeform-signature': `sha256=${signature}` },
    body,
  })
  const set = 'npx supabase secrets set TYPEFORM_WEBHOOK_SECRET=<secret>'
  if (answer === null) return failed(name, 'no answer', 'See function typeform-webhook.')
  switch (codeOf(answer.body)) {
    case 'webhook_not_configured':
      return failed(name, 'the function has none: every report is refused with 503', set)
    case 'invalid_form_response':
      return ok(name, 'signatures are accepted')
    case 'signature_mismatch':
      return secret === undefined
        ? skipped(
            name,
            "there is one; whether it is Typeform's cannot be told without TYPEFORM_WEBHOOK_SECRET",
          )
        : failed(name, "TYPEFORM_WEBHOOK_SECRET is another than the function's", set)
    default:
      return warning(name, `HTTP ${answer.status}`, 'Look into the logs of typeform-webhook.')
  }
}

function codeOf(body: unknown): string | undefined {
  const error = isRecord(body) ? body.error : undefined
  return isRecord(error) && typeof error.code === 'string' ? error.code : undefined
}
