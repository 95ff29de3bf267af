import fc from 'fast-check'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode, assertThrowsCode } from '../_shared/testing/errors.ts'
import { parseSignature, verifySignature } from './signature.ts'
import { sign } from './testing/sign.ts'

const encode = (text: string) => new TextEncoder().encode(text)

const accepts = (body: Uint8Array<ArrayBuffer>, header: string, secrets: string[]) =>
  verifySignature(body, header, secrets).then(
    () => true,
    () => false,
  )

Deno.test('the published HMAC-SHA256 of "The quick brown fox …" with the key "key" is accepted', async () => {
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

Deno.test('a wrong secret, a missing signature and a missing configuration have codes of their own', async () => {
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
