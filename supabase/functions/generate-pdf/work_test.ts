import { AppError } from '../../../functions-shared/app-error.ts'
import { encodeHex } from '../_shared/std.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { createJob, type FakeFiles, fakeWorker } from '../_shared/testing/fakes.ts'
import { loadFonts } from './fonts.ts'
import type { ReportSource } from './source.ts'
import type { ReportFile, ReportStore } from './store.ts'
import { readPdf } from './testing/read-pdf.ts'
import { loadSamplePhoto, samplePhoto, sampleSource, TRANSCRIPT } from './testing/sample.ts'
import { generateReport, type ReportResult } from './work.ts'

const NOW = new Date('2026-11-20T18:05:00.000Z')
const JPEG = (await loadSamplePhoto(samplePhoto(1))) ?? new Uint8Array()

interface FakeReports extends ReportStore {
  finished: ReportFile[]
  /** Whether the report was deleted during the work. */
  deleted: boolean
}

function fakeReports(source: ReportSource): FakeReports {
  const reports: FakeReports = {
    finished: [],
    deleted: false,
    load: () => Promise.resolve(source),
    name: (_id, fileName) => {
      source.report = { ...source.report, fileName: source.report.fileName ?? fileName }
      return Promise.resolve()
    },
    finish: (_id, file) => {
      if (!reports.deleted) reports.finished.push(file)
      return Promise.resolve(!reports.deleted)
    },
  }
  return reports
}

/** Previews as process-image stores them. */
function storePreviews(source: ReportSource, files: FakeFiles): void {
  source.documents = source.documents.map((document) => {
    if (document.kind !== 'photo') return document
    const path = `${source.incident.id}/${document.id}/preview.jpg`
    files.objects.set(`derivatives/${path}`, { bytes: Uint8Array.from(JPEG), contentType: 'image/jpeg' })
    return { ...document, previewPath: path }
  })
}

function bench(source = sampleSource({ photos: 2 })) {
  const worker = fakeWorker({ job: createJob({ kind: 'pdf' }) })
  const { files } = worker
  const reports = fakeReports(source)
  storePreviews(source, files)
  const run = (): Promise<ReportResult> =>
    worker.work((lease) =>
      generateReport(source.report.id, lease, { ...worker, reports, loadFonts, now: () => NOW }),
    )
  const stored = () => [...files.objects.keys()].filter((key) => key.startsWith('reports/'))
  return { ...worker, reports, source, run, stored }
}

Deno.test('a report is stored as a file, its row has the file’s facts, and the result a signed URL', async () => {
  const { run, files, reports, source, jobs } = bench()
  const result = await run()

  const path = `${source.incident.id}/${source.report.id}/rear-end-collision-at-the-traffic-light-2026-11-20.pdf`
  const file = files.objects.get(`reports/${path}`)
  assert(file !== undefined)
  assertEquals(file.contentType, 'application/pdf')
  const sha256 = encodeHex(await crypto.subtle.digest('SHA-256', file.bytes))
  const { pages } = await readPdf(file.bytes)
  assertEquals(result, {
    pdfUrl: `https://project.test/reports/${path}?for=3600`,
    pdfUrlExpiresAt: '2026-11-20T19:05:00.000Z',
    fileSize: file.bytes.length,
    path,
    pageCount: pages.length,
    sha256,
  })
  assertEquals(reports.finished, [
    { path, fileSize: file.bytes.length, pageCount: pages.length, sha256, completedAt: NOW },
  ])
  assertEquals(
    jobs.progressed.map(([, stage]) => stage),
    ['loading', 'composing', 'photos', 'photos', 'storing', 'signing'],
  )
  assertEquals(
    jobs.progressed.map(([percent]) => percent),
    jobs.progressed.map(([percent]) => percent).toSorted((a, b) => a - b),
  )
})

Deno.test('a second report of the same claim has the same bytes and replaces the first file', async () => {
  const first = bench()
  const second = bench()
  assertEquals((await first.run()).sha256, (await second.run()).sha256)
  await first.run()
  assertEquals(first.stored().length, 1)
})

Deno.test('a second attempt overwrites the file of the first, also after a change of the claim’s title', async () => {
  const { run, source, stored } = bench()
  const { path } = await run()
  source.incident = { ...source.incident, title: 'Another title' }
  assertEquals((await run()).path, path)
  assertEquals(stored().length, 1)
})

for (const [name, change, message] of [
  ['without a date', { occurredOn: null }, 'Missing required fields: incident_date'],
  ['without a description', { description: ' ' }, 'Missing required fields: description'],
  [
    'without either',
    { occurredOn: null, description: null },
    'Missing required fields: incident_date, description',
  ],
] as const) {
  Deno.test(`a claim ${name} fails and says which fields are missing`, async () => {
    const { run, source, stored, reports } = bench()
    source.incident = { ...source.incident, ...change }
    source.transcripts = []
    const error = await run().then(
      () => null,
      (reason: unknown) => reason,
    )
    assert(error instanceof AppError)
    assertEquals([error.code, error.message], ['report_incomplete', message])
    assertEquals([stored(), reports.finished], [[], []])
  })
}

Deno.test('a claim without a description has a report when a voice note has a transcript', async () => {
  const { run, source } = bench()
  source.incident = { ...source.incident, description: null }
  source.transcripts = [TRANSCRIPT]
  assert((await run()).fileSize > 0)
  source.transcripts = [{ ...TRANSCRIPT, work: { state: 'failed', error: 'Unreadable.' } }]
  await assertCode(run(), 'report_incomplete')
})

Deno.test('a photo without a usable preview is noted in the report, which is completed', async () => {
  const { run, files, source, log } = bench()
  const [first, second] = source.documents
  files.objects.delete(`derivatives/${first?.previewPath}`)
  files.objects.set(`derivatives/${second?.previewPath}`, {
    bytes: new TextEncoder().encode('<html>'),
    contentType: 'image/jpeg',
  })
  const { path } = await run()
  const { text } = await readPdf(files.objects.get(`reports/${path}`)?.bytes ?? new Uint8Array())
  assertEquals(text.match(/This photo has no preview/g)?.length, 2)
  assertEquals(log.lines.filter((line) => line.includes('preview_unusable')).length, 2)
})

Deno.test('a lost lease stops the work before anything is written', async () => {
  const { run, jobs, files, stored, reports } = bench()
  const { get } = files
  files.get = (bucket, path) => {
    jobs.failWith = 'lease_lost'
    return get(bucket, path)
  }
  await assertCode(run(), 'lease_lost')
  assertEquals([stored(), reports.finished], [[], []])
})

Deno.test('a report that is deleted during the work leaves no file', async () => {
  const { run, reports, stored } = bench()
  reports.deleted = true
  await assertCode(run(), 'report_not_found')
  assertEquals(stored(), [])
})

Deno.test('unavailable Storage fails the job with storage_unavailable', async () => {
  const { run, files } = bench()
  files.failWith = 'storage_unavailable'
  await assertCode(run(), 'storage_unavailable')
})

/** Throws at the n-th call, before or after it, and so ends the attempt there, as `kill -9` would. */
function dieAt(step: number, when: 'before' | 'after') {
  let steps = 0
  const wrap =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      steps += 1
      const fatal = steps === step
      if (fatal && when === 'before') throw new Error('killed')
      const result = await call(...args)
      if (fatal) throw new Error('killed')
      return result
    }
  return { wrap, reached: () => steps >= step }
}

/** A claim whose report is quick to make: the test makes many. */
function smallSource(): ReportSource {
  const source = sampleSource({ photos: 1 })
  source.incident = { ...source.incident, description: 'A crash.', answers: [] }
  source.transcripts = []
  return source
}

for (const when of ['before', 'after'] as const) {
  Deno.test(`after a worker is killed ${when} any step, the next attempt leaves the same single file`, async () => {
    const expected = (await bench(smallSource()).run()).sha256
    let died = 0
    for (let step = 1; ; step += 1) {
      const { run, reports, files, jobs, stored } = bench(smallSource())
      const { wrap, reached } = dieAt(step, when)
      const healthy = {
        ...reports,
        put: files.put,
        get: files.get,
        sign: files.sign,
        progress: jobs.progress,
      }
      reports.load = wrap(reports.load)
      reports.name = wrap(reports.name)
      reports.finish = wrap(reports.finish)
      files.put = wrap(files.put)
      files.get = wrap(files.get)
      files.sign = wrap(files.sign)
      jobs.progress = wrap(jobs.progress)
      await run().catch(() => undefined)
      if (!reached()) break
      died += 1

      Object.assign(reports, { load: healthy.load, name: healthy.name, finish: healthy.finish })
      Object.assign(files, { put: healthy.put, get: healthy.get, sign: healthy.sign })
      jobs.progress = healthy.progress
      assertEquals((await run()).sha256, expected, `step ${step}`)
      assertEquals(stored().length, 1, `step ${step}`)
      assertEquals(reports.finished.at(-1)?.sha256, expected, `step ${step}`)
    }
    assert(died >= 10, `only ${died} steps`)
  })
}
