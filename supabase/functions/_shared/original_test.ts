import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import type { DocumentRow } from './documents.ts'
import { keepOriginal } from './original.ts'
import { encodeHex } from './std.ts'
import { assert, assertEquals } from './testing/asserts.ts'
import { assertCode } from './testing/errors.ts'
import { DOCUMENT_ID, type FakeFiles, fakeDocuments, fakeWorker, INCIDENT_ID } from './testing/fakes.ts'

const FOLDER = `${INCIDENT_ID}/${DOCUMENT_ID}`
const UPLOAD = `${INCIDENT_ID}/0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0009`
const FIRST = '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0008'
const WAV = new TextEncoder().encode('RIFF....WAVEfmt a voice note')
const PDF = new TextEncoder().encode('%PDF-1.7')
const hash = async (bytes: Uint8Array<ArrayBuffer>) => encodeHex(await crypto.subtle.digest('SHA-256', bytes))

interface BenchOptions {
  row?: Partial<DocumentRow>
  file?: Uint8Array<ArrayBuffer> | AppError
  webPage?: ErrorCode
}

function bench({ row = {}, file = WAV, webPage }: BenchOptions = {}) {
  const worker = fakeWorker({ documents: fakeDocuments(row) })
  const { documents } = worker
  const downloads: string[] = []
  const download = (url: string) => {
    downloads.push(url)
    return file instanceof AppError ? Promise.reject(file) : Promise.resolve(file)
  }
  const keep = () =>
    worker.work((lease) =>
      keepOriginal(
        documents.row,
        lease,
        { ...worker, download },
        { webPage, stages: { downloading: 5, verifying: 30, storing: 40 } },
      ),
    )
  return { ...worker, downloads, keep }
}

function upload(files: FakeFiles, bytes: Uint8Array<ArrayBuffer> = WAV): void {
  files.objects.set(`uploads/${UPLOAD}`, { bytes, contentType: 'text/html' })
}

Deno.test('an upload is kept byte for byte under its hash and by its content, then removed', async () => {
  const { keep, files, documents, downloads } = bench({ row: { sourcePath: UPLOAD, sourceUrl: null } })
  upload(files)
  const original = await keep()
  const path = `${FOLDER}/${await hash(WAV)}.wav`
  assertEquals(
    { ...original, receivedAt: undefined },
    {
      bytes: WAV,
      type: 'wav',
      contentType: 'audio/wav',
      sha256: await hash(WAV),
      path,
      receivedAt: undefined,
      duplicateOf: null,
    },
  )
  assertEquals([...files.objects], [[`originals/${path}`, { bytes: WAV, contentType: 'audio/wav' }]])
  assertEquals(documents.kept.at(-1)?.path, path)
  assertEquals(downloads, [])
})

Deno.test('the upload stays until the row points to the kept original', async () => {
  const { keep, files, documents } = bench({ row: { sourcePath: UPLOAD, sourceUrl: null } })
  upload(files)
  documents.keepOriginal = (_id, { path }) =>
    path === null ? Promise.resolve(null) : Promise.reject(new AppError('database_unavailable'))
  await assertCode(keep(), 'database_unavailable')
  assert(files.objects.has(`uploads/${UPLOAD}`), 'the upload is still there')
})

Deno.test('each step may be the last of an attempt: the next one ends with one original and no upload', async () => {
  for (const step of ['get', 'put', 'remove'] as const) {
    const { keep, files, documents } = bench({ row: { sourcePath: UPLOAD, sourceUrl: null } })
    upload(files)
    const whole = { get: files.get, put: files.put, remove: files.remove }
    // The step is done, but the worker dies before it hears of it.
    const dying = async (work: Promise<unknown>): Promise<never> => {
      await work
      throw new AppError('storage_unavailable')
    }
    files[step] = (...args: unknown[]) => dying(Reflect.apply(whole[step], files, args))
    await assertCode(keep(), 'storage_unavailable')
    Object.assign(files, whole)

    const original = await keep()
    assertEquals([...files.objects.keys()], [`originals/${original.path}`])
    assertEquals(documents.row.original?.path, original.path)
  }
})

Deno.test('an equal file of the incident is shared: nothing is stored twice', async () => {
  const { keep, files, documents } = bench({ row: { sourcePath: UPLOAD, sourceUrl: null } })
  upload(files)
  documents.others.set(await hash(WAV), { id: FIRST, path: 'of/the/first.wav' })
  const { path, duplicateOf } = await keep()
  assertEquals({ path, duplicateOf }, { path: 'of/the/first.wav', duplicateOf: FIRST })
  assertEquals([...files.objects.keys()], [])
})

Deno.test('what an equal file made needless meanwhile is removed', async () => {
  const { keep, files, documents } = bench()
  const own = `${FOLDER}/${await hash(WAV)}.wav`
  const put = files.put
  // Another worker keeps the same bytes while ours are on their way.
  files.put = async (...args) => {
    await put(...args)
    documents.others.set(await hash(WAV), { id: FIRST, path: 'of/the/first.wav' })
    documents.leftovers = [own]
  }
  assertEquals((await keep()).duplicateOf, FIRST)
  assertEquals([...files.objects.keys()], [])
})

Deno.test('a stored original is not fetched again', async () => {
  const { keep, files, documents, downloads } = bench()
  const first = await keep()
  assertEquals((await keep()).path, first.path)
  assertEquals(downloads.length, 1)
  assertEquals([...files.objects.keys()], [`originals/${first.path}`])
  assertEquals(documents.kept.at(-1)?.sha256, first.sha256)
})

Deno.test('a kept original is never replaced: the source is not asked, whatever has become of the file', async () => {
  const original = { path: `${FOLDER}/kept.pdf`, sha256: await hash(PDF), contentType: 'application/pdf' }
  for (const source of [{}, { sourceUrl: null, sourcePath: null }, { sourceUrl: null, sourcePath: UPLOAD }]) {
    const { keep, files, downloads } = bench({ row: { ...source, original } })
    files.objects.set(`originals/${original.path}`, { bytes: PDF, contentType: 'application/pdf' })
    upload(files)
    const kept = await keep()
    assertEquals([kept.path, kept.sha256, kept.bytes], [original.path, original.sha256, PDF])
    assertEquals(downloads, [])
    assertEquals(files.objects.get(`originals/${original.path}`)?.bytes, PDF)
  }
})

Deno.test('a kept original that was altered or is missing is told, and not fetched again', async () => {
  const { keep, files, downloads } = bench()
  const { path } = await keep()
  files.objects.set(`originals/${path}`, { bytes: PDF, contentType: 'audio/wav' })
  await assertCode(keep(), 'original_altered')
  files.objects.delete(`originals/${path}`)
  await assertCode(keep(), 'original_altered')
  assertEquals(downloads.length, 1)
})

Deno.test('of two workers at once, the second goes on with what the first has kept', async () => {
  const { keep, files, documents } = bench()
  const put = files.put
  files.put = async (...args) => {
    await put('originals', 'of/the/other.pdf', PDF, 'application/pdf')
    documents.row = {
      ...documents.row,
      original: { path: 'of/the/other.pdf', sha256: await hash(PDF), contentType: 'application/pdf' },
    }
    files.put = () => Promise.reject(new AppError('storage_unavailable'))
    return await files.put(...args)
  }
  // The row that this worker has read has no original yet.
  const { path, bytes } = await keep()
  assertEquals([path, bytes], ['of/the/other.pdf', PDF])
})

Deno.test('a web page at the address of a photo is not kept, so that a retry can get the file', async () => {
  const page = new TextEncoder().encode('<!doctype html><title>Sign in</title>')
  const { keep, files, documents } = bench({ file: page, webPage: 'html_not_image' })
  await assertCode(keep(), 'html_not_image')
  assertEquals([[...files.objects.keys()], documents.kept], [[], []])
  const uploaded = bench({ row: { sourcePath: UPLOAD, sourceUrl: null }, webPage: 'html_not_image' })
  upload(uploaded.files, page)
  assertEquals((await uploaded.keep()).bytes, page)
})

Deno.test('what cannot be fetched has its own code', async () => {
  await assertCode(bench({ row: { sourceUrl: null } }).keep(), 'url_not_allowed')
  await assertCode(bench({ file: new AppError('download_not_found') }).keep(), 'download_not_found')
  await assertCode(bench({ row: { sourcePath: UPLOAD } }).keep(), 'upload_not_found')
  const empty = bench({ row: { sourcePath: UPLOAD } })
  upload(empty.files, new Uint8Array())
  await assertCode(empty.keep(), 'file_empty')
})

Deno.test('a lost lease writes nothing', async () => {
  const { keep, jobs, files, documents } = bench({ row: { sourcePath: UPLOAD, sourceUrl: null } })
  upload(files)
  const get = files.get
  files.get = (bucket, path) => {
    jobs.failWith = 'lease_lost'
    return get(bucket, path)
  }
  await assertCode(keep(), 'lease_lost')
  assertEquals([...files.objects.keys()], [`uploads/${UPLOAD}`])
  assertEquals(documents.kept, [])
})
