import { collect, inPieces, letGo } from './pieces.ts'
import { assertEquals } from './testing/asserts.ts'

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)

for (const size of [undefined, 0, 10, bytes.length, 400_000]) {
  Deno.test(`what goes in pieces comes together again, where ${size} bytes are expected`, async () => {
    assertEquals(await collect(inPieces(bytes), size), bytes)
  })
}

Deno.test('nothing is nothing', async () => {
  assertEquals((await collect(inPieces(new Uint8Array(0)))).length, 0)
})

Deno.test('what was let go of is empty', () => {
  const file = new Uint8Array(10)
  letGo(file)
  assertEquals(file.length, 0)
})
