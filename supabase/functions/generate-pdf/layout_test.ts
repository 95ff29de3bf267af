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

/** As one line: where lines break is the layout's business. */
function flat(text: string): string {
  return text.replace(/\s+/g, ' ')
}

/** One character for each byte; what TextDecoder calls latin1 is not. */
function binary(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

const SAMPLE = await render(sampleSource())

Deno.test('has the parties, the vehicles, the narrative and every answer', () => {
  const all = flat(SAMPLE.text)
  for (const part of [
    'Reporter Zoë Müller-Sørensen Phone: +49 221 5550 142 E-mail: zoe@example.test Policy: KF-77 201 884',
    'Insurer: Rhein-Assekuranz AG Policy: RA 4402-1187-09',
    'Own vehicle K-ZM 2041 Volkswagen Golf Variant 2021',
    'Other vehicle K-GP 881 Škoda Octavia Combi Silver',
    'He said that his foot had slipped off the brake.',
    'Police reference number K-2026-118842',
    'Was anybody hurt? No',
    'Date of the incident 20 November 2026',
  ]) {
    assert(all.includes(part), part)
  }
})

Deno.test('shows names in Latin, Greek, Cyrillic and Vietnamese, and marks what the fonts lack', () => {
  const all = flat(SAMPLE.text)
  for (const name of [
    'Zoë Müller-Sørensen',
    'Γιώργος Παπαδόπουλος',
    'Nguyễn Thị Hường',
    'Дмитрий Щербаков',
  ]) {
    assert(all.includes(name), name)
  }
  assert(all.includes('[3 characters: Chinese] [emoji]'))
  assert(all.includes('Marks in square brackets'))
  assert(!/[王🚲]/u.test(all))
})

Deno.test('has each photo with caption, time, position and hash', () => {
  const all = flat(SAMPLE.text)
  assertEquals(elements(SAMPLE.trees, 'Figure').length, 4)
  for (const part of [
    'Photo 1: The damage from the front',
    'Taken 20 November 2026, 17:42:10 UTC+01:00',
    'Position 50.93213° N, 6.94025° E',
    'Camera Pixel 9 Pro',
  ]) {
    assert(all.includes(part), part)
  }
  assert(all.replaceAll(' ', '').includes('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'))
})

Deno.test('has the transcript with its times', () => {
  const all = flat(SAMPLE.text)
  assert(all.includes('Duration: 0:31 · Words: 58'))
  assert(all.includes('0:14 The other driver says that his foot slipped.'))
  assert(!all.includes('Simulated'))
})

Deno.test('says so where a transcript was simulated', async () => {
  const source = sampleSource({ photos: 0 })
  source.transcripts = source.transcripts.map((transcript) => ({ ...transcript, simulated: true }))
  const all = flat((await render(source)).text)
  assert(all.includes('Simulated transcript No speech recognition was set up.'))
})

Deno.test('the table of contents has the real pages, as links', () => {
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

Deno.test('is tagged: headings in order, header cells in tables, pictures with texts', () => {
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

Deno.test('says what it is: language, title, PDF/UA', () => {
  const { info, xmp } = SAMPLE
  assertEquals(info.Language, 'en')
  assertEquals(info.Title, 'Incident report: Rear-end collision at the traffic light')
  assertEquals(info.Subject, 'Claim 4f6b0a52-7c1e-4f6e-9d0b-2a8f3f5f1c01')
  assert(/<pdfuaid:part>1<\/pdfuaid:part>/.test(xmp))
  assert(binary(SAMPLE.bytes).includes('/DisplayDocTitle true'))
})

Deno.test('is in German where that was asked for, and in English where a language is not known', async () => {
  const german = await render(sampleSource({ photos: 1, language: 'de-AT' }))
  assertEquals(german.info.Language, 'de')
  for (const part of ['Unfallbericht', '20. November 2026', 'Kennzeichen', 'Seite 1 von']) {
    assert(flat(german.text).includes(part), part)
  }
  assertEquals((await render(sampleSource({ photos: 0, language: 'mi' }))).info.Language, 'en')
})

Deno.test('a claim with nothing but a date and a description has a report', async () => {
  const source = sampleSource({ photos: 0 })
  source.documents = []
  source.transcripts = []
  source.incident = { ...source.incident, reporterEmail: null, answers: [] }
  const { text } = await render(source)
  for (const part of ['names no parties', 'names no vehicles', 'no photos', 'no files']) {
    assert(flat(text).includes(part), part)
  }
})

Deno.test('photos and voice notes that failed or are not ready say so', async () => {
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
  const all = flat((await render(source)).text)
  assert(all.includes(`This photo could not be processed: ${error}`))
  assert(all.includes('This photo had not been processed'))
  assert(all.includes('could not be transcribed: The recording is empty.'))
})

Deno.test('malicious text is text', async () => {
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

Deno.test('a long narrative, 300 answers and endless words take pages and lose nothing', async () => {
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

Deno.test('an element whose text has a mark carries what was written', () => {
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

Deno.test('pictures go in as they are, upright ones in their proportions', async () => {
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

Deno.test('a photo that a claim has twice says so', async () => {
  const source = sampleSource({ photos: 2 })
  const [first] = source.documents
  source.documents = source.documents.map((document, index) =>
    index === 1 ? { ...document, duplicateOf: first?.id ?? null } : document,
  )
  assert(flat((await render(source)).text).includes('Same file as Photo 1'))
})

Deno.test('beyond the limit of pictures, photos are shown small and say why', async () => {
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
