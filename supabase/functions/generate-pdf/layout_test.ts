import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { loadFonts } from './fonts.ts'
import { layOut } from './layout.ts'
import type { ReportSource } from './source.ts'
import { elements, type ReadPdf, readPdf } from './testing/read-pdf.ts'
import { loadSamplePhoto, sampleSource, text } from './testing/sample.ts'

const fonts = await loadFonts()

async function render(source: ReportSource): Promise<ReadPdf & { bytes: Uint8Array; pageCount: number }> {
  const { bytes, pageCount } = await layOut(source, { fonts, loadPhoto: loadSamplePhoto })
  return { ...(await readPdf(bytes)), bytes, pageCount }
}

/** On one line, because these tests do not check where lines break. */
function flat(text: string): string {
  return text.replace(/\s+/g, ' ')
}

function assertHas({ text }: { text: string }, parts: readonly string[]): void {
  for (const part of parts) assert(flat(text).includes(part), part)
}

/** One character for each byte. TextDecoder's latin1 is windows-1252. */
function binary(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

const SAMPLE = await render(sampleSource())

Deno.test('the report has the parties, the vehicles, the narrative and every answer', () => {
  assertHas(SAMPLE, [
    'Reporter Zoë Müller-Sørensen Phone: +49 221 5550 142 E-mail: zoe@example.test Policy: KF-77 201 884',
    'Insurer: Rhein-Assekuranz AG Policy: RA 4402-1187-09',
    'Own vehicle K-ZM 2041 Volkswagen Golf Variant 2021',
    'Other vehicle K-GP 881 Škoda Octavia Combi Silver',
    'He said that his foot had slipped off the brake.',
    'Police reference number K-2026-118842',
    'Was anybody hurt? No',
    'Date of the incident 20 November 2026',
  ])
})

Deno.test('names in Latin, Greek, Cyrillic and Vietnamese are shown, and characters that the fonts lack are marked', () => {
  assertHas(SAMPLE, ['Zoë Müller-Sørensen', 'Γιώργος Παπαδόπουλος', 'Nguyễn Thị Hường', 'Дмитрий Щербаков'])
  assertHas(SAMPLE, ['[3 characters: Chinese] [emoji]', 'Marks in square brackets'])
  assert(!/[王🚲]/u.test(SAMPLE.text))
})

Deno.test('each photo has its caption, time, position and hash', () => {
  assertEquals(elements(SAMPLE.trees, 'Figure').length, 4)
  assertHas(SAMPLE, ['Photo 1: The damage from the front', 'Taken 20 November 2026, 17:42:10 UTC+01:00'])
  assertHas(SAMPLE, ['Position 50.93213° N, 6.94025° E', 'Camera Pixel 9 Pro'])
  assert(
    flat(SAMPLE.text)
      .replaceAll(' ', '')
      .includes('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'),
  )
})

Deno.test('a photo whose time of taking is unknown says which time it has', async () => {
  const source = sampleSource()
  const documents = source.documents.map((document, index) =>
    index === 0 ? { ...document, takenAtSource: 'modified' as const } : document,
  )
  assertHas(await render({ ...source, documents }), [
    'Taken 20 November 2026, 17:42:10 UTC+01:00 (when the file was last changed)',
  ])
})

Deno.test('files of one name have their numbers in the list of files', async () => {
  const source = sampleSource()
  const documents = source.documents.map((document, index) => ({
    ...document,
    fileName: 'image.jpg',
    label: `image.jpg (${index + 1} of ${source.documents.length})`,
  }))
  assertHas(await render({ ...source, documents }), [
    `image.jpg (1 of ${documents.length})`,
    `image.jpg (${documents.length} of ${documents.length})`,
  ])
})

Deno.test('the list of files ends with the head of the custody log', async () => {
  assertHas(SAMPLE, ['the custody log of the claim had 12 entries'])
  assert(flat(SAMPLE.text).replaceAll(' ', '').includes('c0ffee'.padEnd(64, '0')))
  const source = sampleSource({ photos: 0 })
  source.custody = null
  assert(!(await render(source)).text.includes('custody log'))
})

Deno.test('the transcript has the time of each segment', () => {
  assertHas(SAMPLE, ['Duration: 0:31 · Words: 58', '0:14 The other driver says that his foot slipped.'])
  assert(!SAMPLE.text.includes('Simulated'))
})

Deno.test('a simulated transcript is called simulated', async () => {
  const source = sampleSource({ photos: 0 })
  source.transcripts = source.transcripts.map((transcript) => ({ ...transcript, simulated: true }))
  assertHas(await render(source), ['Simulated transcript No speech recognition was set up.'])
})

Deno.test('the table of contents links to each section and has its page', () => {
  const lines = SAMPLE.pages[0]?.split('\n').map((line) => line.trim()) ?? []
  const sections = SAMPLE.outline.filter(({ title }) => /^\d/.test(title))
  assertEquals(sections.length, 8)
  for (const { title, page } of sections) {
    assert(flat(SAMPLE.pages[page - 1] ?? '').includes(flat(title)), `${title} is on page ${page}`)
    assert(
      lines.some((line) => flat(line) === `${flat(title)} ${page}`),
      `the contents have ${title} ${page}`,
    )
  }
  assertEquals(
    SAMPLE.links[0],
    sections.map(({ page }) => page),
  )
  assertEquals(elements(SAMPLE.trees.slice(0, 1), 'TOCI').length, 8)
  assertEquals(elements(SAMPLE.trees.slice(0, 1), 'Link').length, 8)
})

Deno.test('every page has its number and the number of pages', () => {
  assertEquals(SAMPLE.pages.length, SAMPLE.pageCount)
  for (const [index, page] of SAMPLE.pages.entries()) {
    assert(page.includes(`Page ${index + 1} of ${SAMPLE.pageCount}`), `page ${index + 1}`)
  }
})

Deno.test('the report is tagged: headings in levels, header cells in tables, alternative texts of pictures', () => {
  const { trees } = SAMPLE
  const [document] = elements(trees.slice(0, 1), 'Document')
  assert(document !== undefined)
  assertEquals(elements(trees, 'H1').length, 1)
  assertEquals(elements(trees, 'H2').length, 8)
  assertEquals(elements(trees, 'H3').length, 5)
  for (const table of elements(trees, 'Table')) {
    for (const row of elements([table], 'TR')) {
      assert(row.children.every(({ role }) => role === 'TH' || role === 'TD'))
    }
    assert(elements([table], 'TH').length > 0)
  }
  for (const { alt } of elements(trees, 'Figure')) assert((alt ?? '').startsWith('Photo '))
})

Deno.test('the file has its language, its title and the PDF/UA identifier', () => {
  const { info, xmp } = SAMPLE
  assertEquals(info.Language, 'en')
  assertEquals(info.Title, 'Incident report: Rear-end collision at the traffic light')
  assertEquals(info.Subject, 'Claim 4f6b0a52-7c1e-4f6e-9d0b-2a8f3f5f1c01')
  assert(/<pdfuaid:part>1<\/pdfuaid:part>/.test(xmp))
  assert(binary(SAMPLE.bytes).includes('/DisplayDocTitle true'))
})

Deno.test('a report in German is in German, and one in an unknown language in English', async () => {
  const german = await render(sampleSource({ photos: 1, language: 'de-AT' }))
  assertEquals(german.info.Language, 'de')
  assertHas(german, ['Unfallbericht', '20. November 2026', 'Kennzeichen', 'Seite 1 von'])
  assertEquals((await render(sampleSource({ photos: 0, language: 'mi' }))).info.Language, 'en')
})

Deno.test('a claim with nothing but a date and a description has a report', async () => {
  const source = sampleSource({ photos: 0 })
  source.documents = []
  source.transcripts = []
  source.incident = { ...source.incident, reporterEmail: null, answers: [] }
  assertHas(await render(source), ['names no parties', 'names no vehicles', 'no photos', 'no files'])
})

Deno.test('failed and unfinished photos and voice notes are in the report, with the reason', async () => {
  const source = sampleSource({ photos: 2 })
  const error = 'The image file is incomplete.'
  source.documents = source.documents.map((document, index) => ({
    ...document,
    previewPath: null,
    work: index === 0 ? { state: 'failed', error } : { state: 'pending', error: null },
  }))
  source.transcripts = source.transcripts.map((transcript) => ({
    ...transcript,
    work: { state: 'failed', error: 'The recording is empty.' },
  }))
  assertHas(await render(source), [
    `This photo could not be processed: ${error}`,
    'This photo had not been processed',
    'could not be transcribed: The recording is empty.',
  ])
})

Deno.test('markup in a text is shown as text', async () => {
  const source = sampleSource({ photos: 0 })
  const evil = '</rdf:li><script>alert(1)</script> & "quotes" (parens\\) \u0000\u0007\u202egpj.exe\ud800'
  source.incident = {
    ...source.incident,
    title: evil,
    description: evil,
    answers: [text('police_reference', evil, evil)],
  }
  const { text: all, xmp, info } = await render(source)
  assert(flat(all).includes('<script>alert(1)</script> & "quotes" (parens\\)'))
  assert(xmp.includes('&lt;script&gt;alert(1)&lt;/script&gt; &amp;'))
  assert(!xmp.includes('<script>'))
  assert(String(info.Title).includes('<script>'))
})

Deno.test('a long narrative, 300 answers and a word longer than a page are complete', async () => {
  const source = sampleSource({ photos: 0 })
  const words = Array.from({ length: 14_000 }, (_, index) => `word${index}`)
  const endless = 'x'.repeat(5_000)
  source.incident = {
    ...source.incident,
    description: words.join(' '),
    answers: [
      ...Array.from({ length: 300 }, (_, index) =>
        text(`q${index}`, `Question ${index}?`, `Answer ${index}.`),
      ),
      text('endless', endless, endless),
    ],
  }
  const { text: all, pageCount, trees } = await render(source)
  const compact = all.replace(/\s+/g, '')
  assert(pageCount > 30)
  for (const index of [0, 6_999, 13_999]) assert(flat(all).includes(`word${index}`))
  for (const index of [0, 150, 299]) assert(compact.includes(`Question${index}?Answer${index}.`))
  assertEquals(all.replaceAll(/[^x]/g, '').length >= 10_000, true)
  // However many pages it takes, the narrative is one paragraph.
  assert(trees.length === pageCount)
})

Deno.test('an element with a mark has the original text as ActualText', () => {
  // Strings that are not ASCII are UTF-16 with a byte order mark.
  const written = (text: string) => {
    const units = Array.from(`\ufeff${text}`.split(''), (unit) => unit.charCodeAt(0))
    return String.fromCharCode(...units.flatMap((unit) => [unit >> 8, unit & 0xff]))
  }
  const actual = [...binary(SAMPLE.bytes).matchAll(/\/ActualText \((.*?)\)\n/gs)].map(([, text]) =>
    text?.replace(/\\(.)/gs, '$1'),
  )
  assertEquals(actual, [written('Дмитрий Щербаков 王小明 🚲')])
})

Deno.test('pictures are embedded byte for byte and keep their proportions', async () => {
  const source = sampleSource({ photos: 1 })
  const [photo] = source.documents
  if (photo === undefined) throw new Error('there is no photo')
  const jpeg = (await loadSamplePhoto(photo)) ?? new Uint8Array()
  const { bytes } = await render(source)
  const file = binary(bytes)
  assert(file.includes(binary(jpeg)))
  const [, width, height] = /\/Width (\d+)\n\/Height (\d+)/.exec(file) ?? []
  const [, left, bottom, right, top] =
    /\/BBox \[([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)\]/.exec(file)?.map(Number) ?? []
  const ratio = ((right ?? 0) - (left ?? 0)) / ((top ?? 0) - (bottom ?? 0))
  assert(Math.abs(ratio - Number(width) / Number(height)) < 0.001)
})

Deno.test('a duplicate photo names the first one', async () => {
  const source = sampleSource({ photos: 2 })
  const [first] = source.documents
  source.documents = source.documents.map((document, index) =>
    index === 1 ? { ...document, duplicateOf: first?.id ?? null } : document,
  )
  assert(flat((await render(source)).text).includes('Same file as Photo 1'))
})

Deno.test('photos beyond the limit of bytes are shown small, with the reason', async () => {
  const sizes: string[] = []
  const source = sampleSource({ photos: 5 })
  const large = new Uint8Array(13 * 1024 * 1024)
  const { bytes } = await layOut(source, {
    fonts,
    loadPhoto: async (photo, size) => {
      sizes.push(size)
      const jpeg = await loadSamplePhoto(photo)
      if (jpeg === null || size === 'thumbnail') return jpeg
      large.set(jpeg)
      return large.slice()
    },
  })
  assertEquals(sizes, ['preview', 'preview', 'thumbnail', 'thumbnail', 'thumbnail'])
  const { text } = await readPdf(bytes)
  assertEquals(flat(text).match(/Shown small, as/g)?.length, 3)
})
