import fc from 'fast-check'
import { encodeBase64 } from '../_shared/std.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode, assertThrowsCode } from '../_shared/testing/errors.ts'
import { parseSecrets, parseSignature, verifySignature } from './signature.ts'

const encode = (text: string) => new TextEncoder().encode(text)

async function sign(body: Uint8Array<ArrayBuffer>, secret: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encode(secret), algorithm, false, ['sign'])
  return `sha256=${encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, body)))}`
}

const accepts = (body: Uint8Array<ArrayBuffer>, header: string, secrets: string[]) =>
  verifySignature(body, header, secrets).then(
    () => true,
    () => false,
  )

// HMAC-SHA256 of the test vector everybody has: key "key", "The quick brown fox jumps over the lazy dog".
Deno.test('agrees with a known vector', async () => {
  const body = encode('The quick brown fox jumps over the lazy dog')
  await verifySignature(body, 'sha256=97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=', ['key'])
})

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Uint8Array.from(array))
const secret = fc.string({ minLength: 1, maxLength: 60 })

Deno.test('any body signed with the current or the previous secret is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, secret, secret, async (body, current, previous) => {
      assert(await accepts(body, await sign(body, current), [current, previous]))
      assert(await accepts(body, await sign(body, previous), [current, previous]))
    }),
  )
})

Deno.test('another secret, or a single changed bit of body or signature, is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      bytes.filter((body) => body.length > 0),
      secret,
      secret,
      fc.nat(),
      async (body, right, wrong, position) => {
        fc.pre(right !== wrong)
        const header = await sign(body, right)
        assertEquals(await accepts(body, header, [wrong]), false)

        const altered = body.slice()
        const at = position % body.length
        altered[at] = (altered[at] ?? 0) ^ (1 << (position % 8))
        assertEquals(await accepts(altered, header, [right]), false)

        // Not the last character: two of its bits are padding.
        const character = 7 + (position % 42)
        const other = header[character] === 'A' ? 'B' : 'A'
        const forged = header.slice(0, character) + other + header.slice(character + 1)
        assertEquals(await accepts(body, forged, [right]), false)
      },
    ),
  )
})

Deno.test('the cases have codes of their own', async () => {
  const body = encode('{}')
  await assertCode(verifySignature(body, await sign(body, 'a'), ['b']), 'signature_mismatch')
  await assertCode(verifySignature(body, null, ['b']), 'signature_missing')
  await assertCode(verifySignature(body, ' ', ['b']), 'signature_missing')
  await assertCode(verifySignature(body, await sign(body, 'a'), []), 'webhook_not_configured')
})

for (const header of [
  'sha256=',
  'sha256=short',
  'sha1=97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=',
  '97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=',
  'sha256=97yD9DBThCSxMpjmqm-xQ-9NWaFJRhdZl0edvC0aPNg=',
  'sha256=97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg',
  'sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8',
  'sha256=97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=, sha256=x',
]) {
  Deno.test(`malformed: ${header}`, () =>
    assertThrowsCode(() => parseSignature(header), 'signature_malformed'))
}

Deno.test('secrets are a list with optional blanks', () => {
  assertEquals(parseSecrets('new, old ,'), ['new', 'old'])
  assertEquals(parseSecrets(' '), [])
  assertEquals(parseSecrets(undefined), [])
})
