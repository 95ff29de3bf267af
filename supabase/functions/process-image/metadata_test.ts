import { concat } from '../_shared/std.ts'
import { assertAlmostEquals, assertEquals } from '../_shared/testing/asserts.ts'
import { readMetadata } from './metadata.ts'
import { samplePhoto } from './testing/images.ts'

Deno.test('a photo’s EXIF gives time, position and camera', async () => {
  const { position, ...rest } = readMetadata(await samplePhoto('front-damage'))
  assertEquals(rest, {
    takenAt: '2026-11-20T17:44:03+01:00',
    takenAtSource: 'original',
    camera: { make: 'Claimwire', model: 'Sample Phone 7', lens: 'Sample lens 5.1mm f/1.8' },
    orientation: 6,
  })
  assertAlmostEquals(position?.latitude ?? 0, 52.5163, 0.00001)
  assertAlmostEquals(position?.longitude ?? 0, 13.37769, 0.00001)
})

Deno.test('positions in the south and west are negative', async () => {
  const photo = await samplePhoto('front-damage')
  const turned = photo.map((byte, index) => {
    // The references are the texts "N\0" and "E\0" in entries 1 and 3 of the GPS directory.
    const entry = [photo[index - 8], photo[index - 6], photo[index - 4]].join()
    if (byte === 0x4e && entry === '1,2,2') return 0x53
    return byte === 0x45 && entry === '3,2,2' ? 0x57 : byte
  })
  const { position } = readMetadata(turned)
  assertAlmostEquals(position?.latitude ?? 0, -52.5163, 0.00001)
  assertAlmostEquals(position?.longitude ?? 0, -13.37769, 0.00001)
})

Deno.test('a file without metadata, or with broken metadata, gives empty metadata', async () => {
  assertEquals(readMetadata(new Uint8Array()), {})
  assertEquals(readMetadata(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), {})
  const photo = await samplePhoto('front-damage')
  for (let cut = 4; cut < 500; cut += 7) readMetadata(photo.slice(0, cut))
})

Deno.test('metadata are read from a view into a larger buffer', async () => {
  const photo = await samplePhoto('front-damage')
  const view = concat([new Uint8Array(9), photo]).subarray(9)
  assertEquals(readMetadata(view).orientation, 6)
})

/** Tags of the directories: 0 the picture's own, 1 EXIF's, 2 that of GPS. */
type Entry = readonly [
  directory: 0 | 1 | 2,
  tag: number,
  value: string | readonly (readonly [number, number])[],
]

/** A JPEG with a TIFF block of these entries, in the byte order of Motorola or of Intel. */
function withTags(entries: readonly Entry[], littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2048))
  const u16 = (at: number, value: number) => view.setUint16(at, value, littleEndian)
  const u32 = (at: number, value: number) => view.setUint32(at, value, littleEndian)
  u16(0, littleEndian ? 0x4949 : 0x4d4d)
  u16(2, 42)
  u32(4, 8)
  let data = 900
  let directory = 8
  const pointers = [0x8769, 0x8825]
  for (const index of [0, 1, 2] as const) {
    const own = entries.filter(([of]) => of === index)
    const links = index === 0 ? pointers.length : 0
    u16(directory, own.length + links)
    let at = directory + 2
    for (const [, tag, value] of own) {
      u16(at, tag)
      u16(at + 2, typeof value === 'string' ? 2 : 5)
      u32(at + 4, typeof value === 'string' ? value.length + 1 : value.length)
      u32(at + 8, data)
      if (typeof value === 'string') {
        for (const character of value) view.setUint8(data++, character.charCodeAt(0))
        view.setUint8(data++, 0)
      } else {
        for (const [numerator, denominator] of value) {
          u32(data, numerator)
          u32(data + 4, denominator)
          data += 8
        }
      }
      at += 12
    }
    for (let link = 0; link < links; link += 1) {
      u16(at, pointers[link] ?? 0)
      u16(at + 2, 4)
      u32(at + 4, 1)
      u32(at + 8, 300 * (link + 1))
      at += 12
    }
    directory = 300 * (index + 1)
  }
  const tiff = new Uint8Array(view.buffer, 0, data)
  const body = concat([new TextEncoder().encode('Exif\0\0'), tiff])
  const length = body.length + 2
  return concat([
    Uint8Array.of(0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 0xff),
    body,
    Uint8Array.of(0xff, 0xd9),
  ])
}

const TAG = {
  modified: [0, 0x0132],
  original: [1, 0x9003],
  digitized: [1, 0x9004],
  offset: [1, 0x9010],
  offsetOriginal: [1, 0x9011],
  offsetDigitized: [1, 0x9012],
  gpsTime: [2, 0x0007],
  gpsDate: [2, 0x001d],
} as const

const MODIFIED = '2026:11:20 18:00:00'
const TIMES: readonly (readonly [string, Partial<Record<keyof typeof TAG, Entry[2]>>, object])[] = [
  [
    'zeros as original',
    { original: '0000:00:00 00:00:00', modified: MODIFIED },
    { takenAt: '2026-11-20T18:00:00', takenAtSource: 'modified' },
  ],
  [
    'blanks as original, with the zone of the change',
    { original: '    :  :     :  :  ', modified: MODIFIED, offset: '+09:00', offsetOriginal: '+01:00' },
    { takenAt: '2026-11-20T18:00:00+09:00', takenAtSource: 'modified' },
  ],
  [
    'an empty original, and a time of digitising with its zone',
    { original: '', digitized: '2026:11:20 17:00:00', offsetDigitized: '-05:00', modified: MODIFIED },
    { takenAt: '2026-11-20T17:00:00-05:00', takenAtSource: 'digitized' },
  ],
  [
    'a day that is none',
    { original: '2026:02:31 12:00:00', digitized: '2026:13:01 12:00:00', modified: MODIFIED },
    { takenAt: '2026-11-20T18:00:00', takenAtSource: 'modified' },
  ],
  [
    'a clock that was never set',
    { original: '1970:01:01 00:00:00', modified: MODIFIED },
    { takenAt: '2026-11-20T18:00:00', takenAtSource: 'modified' },
  ],
  [
    'nothing but the time of the satellites, which is UTC',
    {
      original: '0000:00:00 00:00:00',
      gpsDate: '2026:11:20',
      gpsTime: [
        [17, 1],
        [4, 1],
        [3050, 100],
      ],
    },
    { takenAt: '2026-11-20T17:04:30Z', takenAtSource: 'gps' },
  ],
  [
    'a time of the satellites without a day',
    {
      gpsTime: [
        [17, 1],
        [4, 1],
        [3, 1],
      ],
    },
    {},
  ],
  [
    'a time of the satellites that divides by zero',
    {
      gpsDate: '2026:11:20',
      gpsTime: [
        [17, 0],
        [4, 1],
        [3, 1],
      ],
    },
    {},
  ],
  [
    'other separators, no seconds and the zone in the text',
    { original: '2026-11-20T17:42+01:00' },
    { takenAt: '2026-11-20T17:42:00+01:00', takenAtSource: 'original' },
  ],
  [
    'a zone that is none',
    { original: '2026:11:20 17:42:10', offsetOriginal: '   :  ' },
    { takenAt: '2026-11-20T17:42:10', takenAtSource: 'original' },
  ],
  ['nothing usable', { original: '0000:00:00 00:00:00', digitized: 'yesterday', modified: '' }, {}],
]

for (const [name, tags, expected] of TIMES) {
  Deno.test(`the time of a photo with ${name}`, () => {
    const names = Object.keys(tags).filter((key): key is keyof typeof TAG => Object.hasOwn(TAG, key))
    const entries = names.map((key): Entry => [TAG[key][0], TAG[key][1], tags[key] ?? ''])
    for (const littleEndian of [true, false])
      assertEquals(readMetadata(withTags(entries, littleEndian)), expected)
  })
}

/** A JPEG with a TIFF block, all of whose entries are written as given: tag, type, count, value or offset. */
function withDirectories(
  directories: readonly { entries: readonly (readonly [number, number, number, number])[]; next?: boolean }[],
): Uint8Array {
  const SIZE = 200
  const view = new DataView(new ArrayBuffer(8 + SIZE * directories.length))
  view.setUint32(0, 0x4d4d002a)
  view.setUint32(4, 8)
  for (const [index, { entries, next }] of directories.entries()) {
    let at = 8 + SIZE * index
    view.setUint16(at, entries.length)
    at += 2
    for (const [tag, type, count, value] of entries) {
      view.setUint16(at, tag)
      view.setUint16(at + 2, type)
      view.setUint32(at + 4, count)
      if (type === 3 && count === 1) view.setUint16(at + 8, value)
      else view.setUint32(at + 8, value)
      at += 12
    }
    view.setUint32(at, next === true ? 8 + SIZE * (index + 1) : 0)
  }
  const body = concat([new TextEncoder().encode('Exif\0\0'), new Uint8Array(view.buffer)])
  const length = body.length + 2
  return concat([
    Uint8Array.of(0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 0xff),
    body,
    Uint8Array.of(0xff, 0xd9),
  ])
}

const ORIENTATION = 0x0112
const SHORT = 3
const LONG = 4
const UNDEFINED = 7

Deno.test('the orientation is that of the picture, not the one that its thumbnail has', () => {
  const photo = withDirectories([
    { entries: [[ORIENTATION, SHORT, 1, 6]], next: true },
    { entries: [[ORIENTATION, SHORT, 1, 1]] },
  ])
  assertEquals(readMetadata(photo), { orientation: 6 })
})

for (const [name, offset, count] of [
  ['beyond the block', 0x00ff_0000, 40],
  ['beyond every file', 0xffff_fff0, 40],
  ['with more bytes than the block has', 300, 0x7fff_ffff],
  ['onto the directory that has them', 8, 100],
] as const) {
  Deno.test(`maker notes that point ${name} leave the rest of the metadata`, () => {
    const photo = withDirectories([
      {
        entries: [
          [ORIENTATION, SHORT, 1, 3],
          [0x8769, LONG, 1, 208],
        ],
      },
      { entries: [[0x927c, UNDEFINED, count, offset]] },
    ])
    assertEquals(readMetadata(photo), { orientation: 3 })
  })
}

Deno.test('directories that lead to themselves end', () => {
  const photo = withDirectories([
    {
      entries: [
        [ORIENTATION, SHORT, 1, 8],
        [0x8769, LONG, 1, 8],
      ],
    },
  ])
  assertEquals(readMetadata(photo).orientation, 8)
})
