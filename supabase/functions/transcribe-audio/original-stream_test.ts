import { assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { fakeFiles } from '../_shared/testing/fakes.ts'
import { openOriginal } from './original-stream.ts'

const never = new AbortController().signal

Deno.test('an original is read by a signed URL that expires after a minute', async () => {
  const asked: string[] = []
  const open = openOriginal(fakeFiles(), (address) => {
    asked.push(String(address))
    return Promise.resolve(new Response('abc'))
  })
  assertEquals(await new Response(await open('a/b.wav', never)).text(), 'abc')
  assertEquals(asked, ['https://project.test/originals/a/b.wav?for=60'])
})

Deno.test('an unavailable Storage gives storage_unavailable, and an abort its own reason', async () => {
  const refusing = openOriginal(fakeFiles(), () => Promise.resolve(new Response('no', { status: 400 })))
  await assertCode(refusing('a', never), 'storage_unavailable')
  const away = openOriginal(fakeFiles(), () => Promise.reject(new TypeError('connection refused')))
  await assertCode(away('a', never), 'storage_unavailable')
  const reason = new Error('lost')
  const caught = await away('a', AbortSignal.abort(reason)).catch((error: unknown) => error)
  assertEquals(caught, reason)
})
