import { isErrorCode } from '../../../functions-shared/error-codes.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { fakeDocuments, fakeWorker } from '../_shared/testing/fakes.ts'
import { loadMagick } from './magick.ts'
import { maliciousFiles, SCRIPT } from './testing/malicious.ts'
import { processImage } from './work.ts'

await loadMagick()

for (const { name, bytes, kind = 'photo', end, contentType } of await maliciousFiles()) {
  Deno.test(`${name} ends with ${end}`, async () => {
    const worker = fakeWorker({ documents: fakeDocuments({ kind }) })
    const { documents, files } = worker
    const work = worker.work((lease) =>
      processImage(documents.row.id, lease, {
        ...worker,
        download: () => Promise.resolve(bytes),
        loadMagick,
        memoryBytes: 256 * 1024 * 1024,
        now: () => new Date(),
      }),
    )
    if (isErrorCode(end)) await assertCode(work, end)
    else assertEquals((await work).preview, end)

    const [original] = [...files.objects].filter(([key]) => key.startsWith('originals/'))
    assertEquals(original?.[1], { bytes, contentType })
    const shown = [...files.objects].filter(([key]) => key.startsWith('derivatives/'))
    assertEquals(shown.length, end === 'available' ? 2 : 0)
    for (const [, derivative] of shown) {
      const text = new TextDecoder('latin1').decode(derivative.bytes)
      assert(
        !text.includes(SCRIPT) && !text.includes('%PDF') && !text.includes('PK\u0003'),
        'the derivative has nothing but the picture',
      )
    }
    assert(JSON.stringify(documents.updates).length < 2000, 'the metadata is short')
  })
}
