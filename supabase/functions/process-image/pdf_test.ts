import { concat } from '../_shared/std.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { readPdf } from './pdf.ts'
import { ascii, deflate } from './testing/containers.ts'

const pdf = (...lines: string[]) => ascii(['%PDF-1.7', ...lines, '%%EOF'].join('\n'))
const CATALOGUE = '1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj'
const TREE = '2 0 obj\n<< /Type /Pages /Kids [3 0 R 4 0 R 5 0 R] /Count 3 >>\nendobj'
const TRAILER = 'trailer\n<< /Size 9 /Root 1 0 R /Info 8 0 R >>'

Deno.test('a plain PDF gives its number of pages and its title', async () => {
  const info = '8 0 obj\n<< /Title (Repair \\(estimate\\) \\101\\\n no. 7) /Author (X) >>\nendobj'
  assertEquals(await readPdf(pdf(CATALOGUE, TREE, info, TRAILER)), {
    pages: 3,
    title: 'Repair (estimate) A no. 7',
  })
})

for (const [name, title] of [
  ['UTF-16 in hex', '<FEFF 03A3 03C7 03AD 03B4 03B9 03BF>'],
  [
    'UTF-16 as it is',
    '(\u00fe\u00ff\u0003\u00a3\u0003\u00c7\u0003\u00ad\u0003\u00b4\u0003\u00b9\u0003\u00bf)',
  ],
  ['UTF-16 with escapes', '(\\376\\377\\003\\243\\003\\307\\003\\255\\003\\264\\003\\271\\003\\277)'],
] as const) {
  Deno.test(`a title in ${name} is read`, async () => {
    assertEquals(await readPdf(pdf(`8 0 obj << /Title ${title} >> endobj`, TRAILER)), { title: 'Σχέδιο' })
  })
}

for (const [name, title] of [
  ['before', ['9 0 obj\n(Estimate)\nendobj', '8 0 obj\n<< /Title 9 0 R >>\nendobj']],
  ['after', ['8 0 obj\n<< /Title 9 0 R >>\nendobj', '9 0 obj\n<457374696D617465>\nendobj']],
] as const) {
  Deno.test(`a title in an object of its own is read when the object is ${name} the one that refers to it`, async () => {
    assertEquals(await readPdf(pdf(...title, TRAILER)), { title: 'Estimate' })
  })
}

Deno.test('bytes 0x80 to 0x9f are not read as windows-1252', async () => {
  assertEquals(await readPdf(pdf('8 0 obj << /Title (\u00fe\u00ff\u0003\u0093) >> endobj', TRAILER)), {
    title: '\u0393',
  })
})

Deno.test('a title with control characters is sanitised', async () => {
  const info = '8 0 obj << /Title <FEFF 202E 0041 0007 0042> >> endobj'
  assertEquals(await readPdf(pdf(info, TRAILER)), { title: 'AB' })
})

Deno.test('the last definition of an object counts', async () => {
  const later = '2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj'
  assertEquals((await readPdf(pdf(CATALOGUE, TREE, TRAILER, later, TRAILER))).pages, 1)
})

async function withObjectStream(objects: readonly string[], extra = ''): Promise<Uint8Array<ArrayBuffer>> {
  let offset = 0
  const table = objects.map((text, index) => {
    const entry = `${index + 1} ${offset}`
    offset += text.length + 1
    return entry
  })
  const head = `${table.join(' ')} `
  const data = await deflate(ascii(`${head}${objects.join('\n')}`))
  const dictionary = `<< /Type /ObjStm /N ${objects.length} /First ${head.length} /Filter /FlateDecode >>`
  return concat([
    ascii(`%PDF-1.5\n9 0 obj\n${dictionary}\nstream\r\n`),
    data,
    ascii(`\nendstream\nendobj\n10 0 obj\n<< /Type /XRef /Root 1 0 R ${extra}>>\nendobj\n%%EOF`),
  ])
}

Deno.test('a PDF with its objects in compressed streams gives pages and title', async () => {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Count 31 /Kids [] >>']
  assertEquals(await readPdf(await withObjectStream(objects)), { pages: 31 })
  assertEquals(await readPdf(await withObjectStream([...objects, '<< /S /JavaScript /JS (x) >>'])), {
    pages: 31,
    active: true,
  })
})

Deno.test('an encrypted PDF gives nothing of its compressed streams', async () => {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Count 31 >>']
  assertEquals(await readPdf(await withObjectStream(objects, '/Encrypt 7 0 R ')), {})
})

for (const action of ['/S /JavaScript', '/J#61vaScript', '/S /Launch', '/EmbeddedFiles 5 0 R', '/JS (x)']) {
  Deno.test(`a PDF with ${action} is active`, async () => {
    assertEquals(await readPdf(pdf(`1 0 obj << ${action} >> endobj`)), { active: true })
  })
}

Deno.test('the name of an action inside a picture’s data does not make a PDF active', async () => {
  assertEquals(await readPdf(pdf('1 0 obj << /Length 9 >> stream\n /JS /Launch \nendstream endobj')), {})
})

Deno.test('a broken PDF gives no facts and throws nothing', async () => {
  const whole = await withObjectStream(['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Count 31 >>'])
  for (let cut = 0; cut < whole.length; cut += 1) await readPdf(whole.slice(0, cut))
  assertEquals(await readPdf(pdf('1 0 obj << /Pages 1 0 R /Count 99999999999 >> endobj', TRAILER)), {})
})
