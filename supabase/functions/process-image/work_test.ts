import { MagickFormat } from '@imagemagick/magick-wasm'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { encodeHex } from '../_shared/std.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import {
  DOCUMENT_ID,
  type FakeDocuments,
  fakeDocuments,
  fakeWorker,
  INCIDENT_ID,
} from '../_shared/testing/fakes.ts'
import { loadMagick } from './magick.ts'
import { blackPng, decode, drawQuadrants, samplePhoto } from './testing/images.ts'
import { processImage, type WorkDependencies } from './work.ts'

await loadMagick()

const NOW = new Date('2026-11-20T18:00:00.000Z')
const sha256 = async (bytes: Uint8Array<ArrayBuffer>) =>
  encodeHex(await crypto.subtle.digest('SHA-256', bytes))
const FOLDER = `${INCIDENT_ID}/${DOCUMENT_ID}`
const original = async (bytes: Uint8Array<ArrayBuffer>, extension: string) =>
  `${FOLDER}/${await sha256(bytes)}.${extension}`
const BINARY = 'application/octet-stream'
const text = (value: string) => new TextEncoder().encode(value)

const pdf = text(`%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Count 2 >> endobj
3 0 obj << /Title (Estimate) >> endobj
trailer << /Root 1 0 R /Info 3 0 R >>`)

interface BenchOptions {
  file?: Uint8Array<ArrayBuffer> | AppError
  documents?: FakeDocuments
  dependencies?: Partial<WorkDependencies>
}

function bench({ file = new Uint8Array(), documents = fakeDocuments(), dependencies = {} }: BenchOptions) {
  const worker = fakeWorker({ documents })
  const downloads: string[] = []
  const run = () =>
    worker.work((lease) =>
      processImage(DOCUMENT_ID, lease, {
        ...worker,
        download: (url) => {
          downloads.push(url)
          return file instanceof AppError ? Promise.reject(file) : Promise.resolve(file)
        },
        loadMagick,
        memoryBytes: 256 * 1024 * 1024,
        now: () => NOW,
        ...dependencies,
      }),
    )
  return { ...worker, run, downloads }
}

Deno.test('a photo is stored as original, preview and thumbnail, and the result has its facts and a signed URL', async () => {
  const photo = await samplePhoto('front-damage')
  const { run, files, documents, jobs } = bench({ file: photo })
  const result = await run()

  assertEquals(result, {
    sha256: await sha256(photo),
    byteSize: photo.length,
    contentType: 'image/jpeg',
    originalPath: await original(photo, 'jpg'),
    width: 1500,
    height: 2000,
    preview: 'available',
    previewPath: `${FOLDER}/preview.jpg`,
    thumbnailPath: `${FOLDER}/thumbnail.jpg`,
    signedUrl: `https://project.test/derivatives/${FOLDER}/thumbnail.jpg?for=3600`,
    signedUrlExpiresAt: '2026-11-20T19:00:00.000Z',
  })
  assertEquals(files.objects.get(`originals/${await original(photo, 'jpg')}`), {
    bytes: photo,
    contentType: 'image/jpeg',
  })
  const thumbnail = files.objects.get(`derivatives/${FOLDER}/thumbnail.jpg`)
  assertEquals(decode(thumbnail?.bytes ?? new Uint8Array()).height, 320)
  const row = Object.assign({}, ...documents.updates)
  assertEquals([row.width, row.height, row.metadata.orientation], [1500, 2000, 6])
  assertEquals(row.metadata.takenAt, '2026-11-20T17:44:03+01:00')
  assertEquals(
    jobs.progressed.map(([, stage]) => stage),
    ['downloading', 'verifying', 'storing', 'decoding', 'uploading', 'signing'],
  )
  const percents = jobs.progressed.map(([percent]) => percent)
  assertEquals(
    percents,
    percents.toSorted((a, b) => a - b),
  )
})

const REFUSED: readonly (readonly [string, Uint8Array<ArrayBuffer>, ErrorCode, string])[] = [
  ['an SVG', text('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), 'svg_not_allowed', 'bin'],
  ['a PDF', text('%PDF-1.7 not a picture'), 'not_an_image', 'pdf'],
  ['half a JPEG', await samplePhoto('truncated'), 'image_truncated', 'jpg'],
  [
    'half a WebP',
    drawQuadrants(MagickFormat.WebP, { width: 640, height: 480 }).slice(0, 300),
    'image_truncated',
    'webp',
  ],
  ['a bomb', await blackPng(10_000, 5_001), 'image_too_large', 'png'],
]

for (const [name, file, code, extension] of REFUSED) {
  Deno.test(`${name} as photo fails with ${code}; the original is kept under a harmless type, with its hash`, async () => {
    const { run, files, documents } = bench({ file })
    await assertCode(run(), code)
    const kept = files.objects.get(`originals/${await original(file, extension)}`)
    assertEquals(kept?.bytes, file)
    if (extension === 'bin') assertEquals(kept?.contentType, 'application/octet-stream')
    assertEquals(
      [...files.objects.keys()].filter((key) => key.startsWith('derivatives/')),
      [],
    )
    assertEquals(documents.kept.at(-1)?.sha256, await sha256(file))
  })
}

/** Attached files: name, bytes, extension and type of the stored original, stored facts. */
const ATTACHED: readonly (readonly [string, Uint8Array<ArrayBuffer>, string, string, object])[] = [
  ['a PDF', pdf, 'pdf', 'application/pdf', { kind: 'pdf', pages: 2, title: 'Estimate', preview: 'none' }],
  ['a web page', text('<!doctype html><title>x</title>'), 'bin', BINARY, { kind: 'file', preview: 'none' }],
  [
    'an SVG',
    text('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    'bin',
    BINARY,
    { kind: 'file', preview: 'none' },
  ],
  ['a text', text('hello'), 'bin', BINARY, { kind: 'file', preview: 'none' }],
  ['a film', text('\0\0\0\u0018ftypisom\0\0\0\0mp42'), 'mp4', 'video/mp4', { kind: 'file', preview: 'none' }],
  ['half a JPEG', await samplePhoto('truncated'), 'jpg', 'image/jpeg', { kind: 'file', preview: 'none' }],
]

for (const [name, file, extension, contentType, metadata] of ATTACHED) {
  Deno.test(`${name} as attachment is kept, and its facts are stored`, async () => {
    const { run, files, documents } = bench({ file, documents: fakeDocuments({ kind: 'attachment' }) })
    assertEquals(await run(), {
      sha256: await sha256(file),
      byteSize: file.length,
      contentType,
      originalPath: await original(file, extension),
      preview: 'none',
    })
    const kept = [`originals/${await original(file, extension)}`, { bytes: file, contentType }] as const
    assertEquals([...files.objects], [[...kept]])
    assertEquals(documents.updates.at(-1)?.metadata, { ...metadata })
  })
}

Deno.test('a photo as attachment has a preview', async () => {
  const photo = await samplePhoto('front-damage')
  const { run, documents } = bench({ file: photo, documents: fakeDocuments({ kind: 'attachment' }) })
  assertEquals((await run()).preview, 'available')
  assertEquals(documents.updates.at(-1)?.metadata?.orientation, 6)
})

Deno.test('the result of a duplicate photo names the first document', async () => {
  const photo = await samplePhoto('front-damage')
  const documents = fakeDocuments()
  documents.others.set(await sha256(photo), { id: 'the-first', path: 'first.jpg' })
  const { run, files } = bench({ file: photo, documents })
  const result = await run()
  assertEquals(
    [result.duplicateOf, result.originalPath, result.preview],
    ['the-first', 'first.jpg', 'available'],
  )
  assertEquals(
    [...files.objects.keys()].filter((key) => key.startsWith('originals/')),
    [],
  )
})

Deno.test('a failed download stores nothing', async () => {
  const { run, files, documents } = bench({ file: new AppError('download_not_found') })
  await assertCode(run(), 'download_not_found')
  assertEquals(files.objects.size, 0)
  assertEquals([documents.kept, documents.updates], [[], []])
})

Deno.test('a picture that needs more memory than the worker has is completed without a preview', async () => {
  const photo = await Deno.readFile(new URL('./testdata/quadrants.heic', import.meta.url))
  const { run, files, documents } = bench({ file: photo, dependencies: { memoryBytes: 1024 } })
  const result = await run()
  assertEquals(
    [result.preview, result.signedUrl, result.thumbnailPath],
    ['unavailable', undefined, undefined],
  )
  assertEquals([...files.objects.keys()], [`originals/${await original(photo, 'heic')}`])
  assertEquals(documents.updates.at(-1)?.metadata, { preview: 'unavailable' })
})

Deno.test('a lost lease stops the work before the next write', async () => {
  const photo = await samplePhoto('front-damage')
  const { run, jobs, files, documents } = bench({
    file: photo,
    dependencies: {
      loadMagick: () => {
        jobs.failWith = 'lease_lost'
        return Promise.resolve()
      },
    },
  })
  await assertCode(run(), 'lease_lost')
  assertEquals([...files.objects.keys()], [`originals/${await original(photo, 'jpg')}`])
  assertEquals(documents.updates, [])
})

Deno.test('a lease that is lost during the download aborts the download', async () => {
  const { run, jobs } = bench({
    dependencies: {
      download: (_url, signal, onProgress) => {
        jobs.failWith = 'lease_lost'
        onProgress(0.9)
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        )
      },
    },
  })
  await assertCode(run(), 'lease_lost')
})

Deno.test('unavailable Storage fails the job with storage_unavailable', async () => {
  const { run, files } = bench({ file: await samplePhoto('front-damage') })
  files.failWith = 'storage_unavailable'
  await assertCode(run(), 'storage_unavailable')
})

Deno.test('a second attempt uses the stored original and downloads nothing', async () => {
  const photo = drawQuadrants(MagickFormat.Jpeg, { width: 64, height: 64 })
  const stored = { path: `${FOLDER}/original.jpg`, sha256: await sha256(photo), contentType: 'image/jpeg' }
  const second = bench({
    file: new AppError('download_not_found'),
    documents: fakeDocuments({ original: stored }),
  })
  second.files.objects.set(`originals/${stored.path}`, { bytes: photo, contentType: 'image/jpeg' })
  assertEquals((await second.run()).preview, 'available')
  assertEquals(second.downloads, [])
})

Deno.test('a web page in place of a photo fails with html_not_image and is not kept', async () => {
  const { run, files } = bench({ file: text('<!doctype html><title>Sign in</title>') })
  await assertCode(run(), 'html_not_image')
  assertEquals([...files.objects.keys()], [])
})

for (const [name, stored] of [
  ['missing', null],
  ['altered', drawQuadrants(MagickFormat.Jpeg, { width: 8, height: 8 })],
] as const) {
  Deno.test(`a kept original that is ${name} fails with original_altered and is not downloaded again`, async () => {
    const photo = await samplePhoto('front-damage')
    const original = {
      path: `${FOLDER}/original.jpg`,
      sha256: await sha256(photo),
      contentType: 'image/jpeg',
    }
    const again = bench({ file: photo, documents: fakeDocuments({ original }) })
    if (stored !== null) {
      again.files.objects.set(`originals/${original.path}`, { bytes: stored, contentType: 'image/jpeg' })
    }
    await assertCode(again.run(), 'original_altered')
    assertEquals(again.downloads, [])
  })
}

Deno.test('a kept original that is incomplete is not downloaded again', async () => {
  const half = await samplePhoto('truncated')
  const original = { path: `${FOLDER}/original.jpg`, sha256: await sha256(half), contentType: 'image/jpeg' }
  const again = bench({ file: await samplePhoto('front-damage'), documents: fakeDocuments({ original }) })
  again.files.objects.set(`originals/${original.path}`, { bytes: half, contentType: 'image/jpeg' })
  await assertCode(again.run(), 'image_truncated')
  assertEquals(again.downloads, [])
})

Deno.test('a document without a source URL fails with url_not_allowed', async () => {
  await assertCode(bench({ documents: fakeDocuments({ sourceUrl: null }) }).run(), 'url_not_allowed')
})

const recorded = (file: string) =>
  Deno.readFileSync(new URL(`../../../samples/voice-notes/${file}`, import.meta.url))

for (const [kind, file] of [
  ['attachment', 'recorded.mp4'],
  ['photo', 'voice-note.ogg'],
] as const) {
  Deno.test(`a recording that arrives as ${kind} is kept, and transcribed as a voice note`, async () => {
    const { run, documents, files } = bench({
      file: recorded(file),
      documents: fakeDocuments({ kind }),
    })
    assertEquals((await run()).preview, 'none')
    assertEquals([documents.transcribed, files.objects.size], [[DOCUMENT_ID], 1])
    // The transcription's job stores the facts of the recording.
    assertEquals(documents.updates, [])
  })
}

/** The same file with the brand of QuickTime. */
function quickTime(file: string): Uint8Array<ArrayBuffer> {
  const bytes = recorded(file)
  bytes.set(text('qt  '), 8)
  return bytes
}

Deno.test('QuickTime with sound only, as .mov or .qta, is a voice note', async () => {
  for (const kind of ['photo', 'attachment']) {
    const { run, documents } = bench({
      file: quickTime('voice-note.m4a'),
      documents: fakeDocuments({ kind }),
    })
    const result = await run()
    assertEquals([result.preview, result.contentType], ['none', 'video/quicktime'])
    assertEquals(documents.transcribed, [DOCUMENT_ID])
  }
})

for (const [name, file] of [
  ['MP4', recorded('film.mp4')],
  ['QuickTime', quickTime('film.mp4')],
] as const) {
  for (const kind of ['photo', 'attachment']) {
    Deno.test(`a film in ${name} that arrives as ${kind} is an attachment that says so, and is not transcribed`, async () => {
      const { run, documents } = bench({ file, documents: fakeDocuments({ kind }) })
      assertEquals((await run()).preview, 'none')
      assertEquals(documents.transcribed, [])
      const update = documents.updates.at(-1)
      assertEquals(update?.kind, kind === 'photo' ? 'attachment' : undefined)
      const { metadata } = update ?? {}
      assertEquals([metadata?.kind, metadata?.sound, metadata?.preview], ['film', true, 'none'])
      assertEquals(metadata?.note, `Film of ${Math.round(Number(metadata?.duration))} s`)
    })
  }
}
