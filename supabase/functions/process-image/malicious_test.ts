import { isErrorCode } from '../../../functions-shared/error-codes.ts'
import { holdLease } from '../_shared/lease.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { createJob, fakeDocuments, fakeFiles, fakeJobs } from '../_shared/testing/fakes.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { loadMagick } from './magick.ts'
import { maliciousFiles, SCRIPT } from './testing/malicious.ts'
import { processImage } from './work.ts'

await loadMagick()

for (const { name, bytes, kind = 'photo', end, contentType } of await maliciousFiles()) {
  Deno.test(`${name}: ${end}`, async () => {
    const files = fakeFiles()
    const documents = fakeDocuments({ kind })
    const log = recordLog()
    await using lease = holdLease({ jobs: fakeJobs(), job: createJob(), log, every: () => () => undefined })
    const work = processImage(documents.row.id, lease, {
      documents,
      files,
      download: () => Promise.resolve(bytes),
      loadMagick,
      memoryBytes: 256 * 1024 * 1024,
      log,
      now: () => new Date(),
    })
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
        'it carries nothing else',
      )
    }
    assert(JSON.stringify(documents.updates).length < 2000, 'the metadata are short')
  })
}
