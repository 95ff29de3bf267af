import { assertEquals } from '../../../_shared/testing/asserts.ts'
import { failureOf, MAX_RETRY_AFTER_MS, retryAfterMs, streamFailure } from './failure.ts'

const NOW = Date.parse('2026-11-20T18:00:00Z')

for (const [status, body, code] of [
  [400, { error: { type: 'invalid_request_error', code: null } }, 'provider_rejected_audio'],
  [401, { error: { code: 'invalid_api_key' } }, 'provider_refused'],
  [402, undefined, 'provider_quota_exceeded'],
  [403, undefined, 'provider_refused'],
  [404, { error: { code: 'model_not_found' } }, 'provider_refused'],
  [404, undefined, 'provider_refused'],
  [400, { error: { code: 'model_not_found' } }, 'provider_refused'],
  [307, undefined, 'provider_refused'],
  [408, undefined, 'provider_timeout'],
  [413, undefined, 'audio_too_large'],
  [415, undefined, 'provider_rejected_audio'],
  [422, { detail: [] }, 'provider_rejected_audio'],
  [429, undefined, 'provider_rate_limited'],
  [429, { error: { type: 'insufficient_quota', code: 'insufficient_quota' } }, 'provider_quota_exceeded'],
  [500, { error: 'text' }, 'provider_unavailable'],
  [502, undefined, 'provider_unavailable'],
  [503, [], 'provider_unavailable'],
  [504, undefined, 'provider_timeout'],
] as const) {
  Deno.test(`${status} ${JSON.stringify(body) ?? ''} is ${code}`, () => {
    assertEquals(failureOf(status, body, new Headers(), NOW).code, code)
  })
}

for (const [headers, expected] of [
  [{}, null],
  [{ 'retry-after': '' }, null],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '7' }, 7000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '-5' }, 0],
  [{ 'retry-after': '1.5' }, 1500],
  [{ 'retry-after': '86400' }, MAX_RETRY_AFTER_MS],
  [{ 'retry-after': 'Fri, 20 Nov 2026 18:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Fri, 20 Nov 2026 17:00:00 GMT' }, 0],
  [{ 'retry-after': '7', 'retry-after-ms': '250' }, 250],
] as const) {
  Deno.test(`the delay of ${JSON.stringify(headers)} is ${expected}`, () => {
    assertEquals(retryAfterMs(new Headers(headers), NOW), expected)
    const details = expected === null ? {} : { retryAfterMs: expected }
    assertEquals(failureOf(429, undefined, new Headers(headers), NOW).details, details)
  })
}

Deno.test('the service’s message reaches neither the log nor the user', () => {
  const body = { error: { code: 'invalid_api_key', message: 'Incorrect API key provided: sk-secret' } }
  const failure = failureOf(401, body, new Headers(), NOW)
  assertEquals(
    JSON.stringify([failure.message, failure.toJSON(), String(failure.cause)]).includes('sk-secret'),
    false,
  )
})

Deno.test('an error event of a stream becomes a code', () => {
  assertEquals(streamFailure({ code: 'rate_limit_exceeded' }).code, 'provider_rate_limited')
  assertEquals(streamFailure({ type: 'server_error' }).code, 'provider_unavailable')
  assertEquals(streamFailure('what?').code, 'provider_unavailable')
})
