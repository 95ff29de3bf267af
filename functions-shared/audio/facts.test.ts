import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseBuffer } from 'music-metadata'
import { describe, expect, test } from 'vitest'
import { AUDIO_TYPES, type AudioType, detectFileType, isAudioType } from '../file-type.ts'
import { readAudioFacts, readFilmFacts } from './facts.ts'

const NOTES = join(import.meta.dirname, '..', '..', 'samples', 'voice-notes')
const note = (file: string) => new Uint8Array(readFileSync(join(NOTES, file)))

const SAMPLES = [
  ['voice-note.wav', 'wav', 'pcm'],
  ['voice-note.mp3', 'mp3', 'mp3'],
  ['voice-note.m4a', 'm4a', 'aac'],
  ['voice-note.ogg', 'ogg', 'opus'],
  ['voice-note.webm', 'webm', 'opus'],
  ['recorded.webm', 'webm', 'opus'],
  ['recorded.mp4', 'mp4', 'aac'],
] as const

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}
const le16 = (value: number) => [value & 0xff, value >> 8]
const le32 = (value: number) => [...le16(value & 0xffff), ...le16(value >>> 16)]
const be32 = (value: number) => le32(value).reverse()

describe.each(SAMPLES)('%s', (file, type, codec) => {
  const bytes = note(file)

  test('is recognised by its bytes', () => {
    expect(detectFileType(bytes)).toBe(type)
  })

  test('has codec, sample rate and length, as another reader finds them', async () => {
    const facts = readAudioFacts(bytes, type)
    const { format } = await parseBuffer(bytes, undefined, { duration: true })
    expect(facts).toMatchObject({ codec, sampleRate: format.sampleRate, complete: true })
    // A recorded WebM says nowhere how long it is, and the other reader does not count. M4A: an encoder's lead-in of
    // 46 ms is counted there, though nobody hears it.
    if (format.duration !== undefined) expect(facts?.duration).toBeCloseTo(format.duration, 0)
    else expect(facts?.duration).toBeCloseTo(7.961, 3)
  })

  test.each([0.3, 0.6, 0.95])('is incomplete where it ends after %d of its bytes', (part) => {
    const cut = bytes.subarray(0, Math.floor(bytes.length * part))
    expect(readAudioFacts(cut, type)?.complete).toBe(false)
  })
})

/** 440 Hz would do as well: what is in the samples is of no interest here. */
function wav({ size, format = 1, bits = 16, extra = [] as number[], data = 1600 }): Uint8Array {
  const head = [
    ...le16(format),
    ...le16(1),
    ...le32(8000),
    ...le32(8000 * (bits / 8)),
    ...le16(bits / 8),
    ...le16(bits),
  ]
  const fmt = [...ascii('fmt '), ...le32(head.length + extra.length), ...head, ...extra]
  return Uint8Array.from([
    ...[...ascii('RIFF'), ...le32(0), ...ascii('WAVE'), ...fmt],
    ...[
      ...ascii('LIST'),
      ...le32(3),
      1,
      2,
      3,
      0,
      ...ascii('data'),
      ...le32(size),
      ...new Array<number>(data).fill(0),
    ],
  ])
}

describe('WAV', () => {
  const guid = [...le16(22), ...le16(16), ...le32(4)]
  test.each([
    ['a length', wav({ size: 1600 }), { codec: 'pcm', duration: 0.1, complete: true }],
    ['a length that was never filled in', wav({ size: 0 }), { duration: 0.1, complete: true }],
    ['the longest length there is', wav({ size: 0xffffffff }), { duration: 0.1, complete: true }],
    ['more announced than there is', wav({ size: 3200 }), { duration: 0.1, complete: false }],
    ['something behind the sound', wav({ size: 800 }), { duration: 0.05, complete: true }],
    ['mu-law', wav({ size: 1600, format: 7, bits: 8 }), { codec: 'mulaw', duration: 0.2 }],
    [
      'the extensible form',
      wav({ size: 1600, format: 0xfffe, extra: [...guid, 1, 0] }),
      { codec: 'pcm', duration: 0.1 },
    ],
  ])('with %s', (_name, bytes, expected) => {
    expect(readAudioFacts(bytes, 'wav')).toMatchObject(expected)
  })

  test.each([
    ['a codec that is none of these', wav({ size: 1600, format: 85 })],
    ['a width that does not exist', wav({ size: 1600, bits: 12 })],
    ['no sound', wav({ size: 0 }).subarray(0, 40)],
  ])('with %s: null', (_name, bytes) => {
    expect(readAudioFacts(bytes, 'wav')).toBeNull()
  })
})

describe('MP3', () => {
  const bytes = note('voice-note.mp3')
  const tag = Uint8Array.from([...ascii('ID3'), 4, 0, 0, 0, 0, 1, 0, ...new Array<number>(128).fill(0xff)])
  const length = readAudioFacts(bytes, 'mp3')?.duration

  test('a tag before, a tag after and a scratch in the middle change nothing', () => {
    const middle = 5000
    const scratched = Uint8Array.from([
      ...tag,
      ...bytes.subarray(0, middle),
      ...new Array<number>(50).fill(0),
      ...bytes.subarray(middle),
      ...ascii('TAG'),
      ...new Array<number>(125).fill(0x20),
    ])
    expect(detectFileType(scratched)).toBe('mp3')
    // The frame that the scratch went through is the one that is lost.
    expect(readAudioFacts(scratched, 'mp3')?.duration).toBeCloseTo(length ?? 0, 1)
  })

  test('without the count of its frames it is as long, and any end is as good as another', () => {
    const first = bytes.findIndex((_, at) =>
      ['Xing', 'Info'].includes(String.fromCharCode(...bytes.subarray(at, at + 4))),
    )
    const uncounted = bytes.slice()
    uncounted.set(ascii('None'), first)
    expect(readAudioFacts(uncounted, 'mp3')?.duration).toBeCloseTo((length ?? 0) + 576 / 22_050, 3)
    expect(readAudioFacts(uncounted.subarray(0, 10_000), 'mp3')?.complete).toBe(true)
  })

  test('two bytes that look like a frame are none', () => {
    const chance = new Uint8Array(4096).fill(7)
    chance.set([0xff, 0xf3, 0x40, 0xc4], 100)
    expect(readAudioFacts(chance, 'mp3')).toBeNull()
  })
})

describe('MP4', () => {
  test('without sound: null', () => {
    const bytes = note('voice-note.m4a').slice()
    const handler = bytes.findIndex((_, at) => String.fromCharCode(...bytes.subarray(at, at + 4)) === 'soun')
    bytes.set(ascii('vide'), handler)
    expect(readAudioFacts(bytes, 'm4a')).toBeNull()
  })

  test('a box that announces more than a file can have is an end, not a fault', () => {
    const large = Uint8Array.from([...be32(1), ...ascii('mdat'), ...be32(0xffffffff), ...be32(0xffffffff)])
    expect(readAudioFacts(Uint8Array.from([...note('recorded.mp4'), ...large]), 'mp4')).toMatchObject({
      codec: 'aac',
      complete: false,
    })
  })
})

test('a film has pictures, a voice note has none', () => {
  expect(readAudioFacts(note('film.mp4'), 'mp4')).toMatchObject({ codec: 'aac', video: true, complete: true })
  expect(SAMPLES.map(([file, type]) => readAudioFacts(note(file), type)?.video)).toEqual(
    SAMPLES.map(() => false),
  )
})

test('FLAC: length and rate are in its first block', () => {
  const info = [
    16,
    0,
    16,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0x0a,
    0xc4,
    0x42,
    0xf0,
    ...be32(88_200),
    ...new Array<number>(16).fill(0),
  ]
  const head = [...ascii('fLaC'), 0x80, 0, 0, 34, ...info]
  expect(readAudioFacts(Uint8Array.from([...head, 0xff, 0xf8]), 'flac')).toEqual({
    codec: 'flac',
    sampleRate: 44_100,
    channels: 2,
    duration: 2,
    video: false,
    complete: true,
  })
  expect(readAudioFacts(Uint8Array.from(head), 'flac')?.complete).toBe(false)
})

test('a name of a codec that is none is not passed on', () => {
  for (const name of ['\0\0\0\0', 'a\0b\0', '\x1b[2J', '    ']) {
    const bytes = note('voice-note.m4a').slice()
    const entry = bytes.findLastIndex(
      (_, at) => String.fromCharCode(...bytes.subarray(at, at + 4)) === 'mp4a',
    )
    bytes.set(ascii(name), entry)
    expect(readAudioFacts(bytes, 'm4a')).toMatchObject({ codec: 'unknown', complete: true })
  }
})

test('sound before the beginning is none, and a rate below zero neither', () => {
  // A sampling frequency of -8000 Hz.
  const audio = [0xe1, 0x86, 0xb5, 0x84, 0xc5, 0xfa, 0, 0]
  const entry = [0xd7, 0x81, 1, 0x83, 0x81, 2, 0x86, 0x88, ...ascii('A_VORBIS'), ...audio]
  const tracks = [0x16, 0x54, 0xae, 0x6b, 0x80 + entry.length + 2, 0xae, 0x80 + entry.length, ...entry]
  const block = [0xa3, 0x84, 0x81, 0xff, 0xfb, 0]
  const bytes = [0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0xff, ...tracks, ...block]
  expect(readAudioFacts(Uint8Array.from(bytes), 'webm')).toMatchObject({
    codec: 'vorbis',
    sampleRate: null,
    duration: 0,
  })
})

describe('a file of crumbs is given up, whatever comes after them', () => {
  const file = (crumb: readonly number[], count: number, head: Uint8Array, tail: Uint8Array) => {
    const bytes = new Uint8Array(head.length + crumb.length * count + tail.length)
    for (let index = 0; index < count; index += 1) bytes.set(crumb, head.length + index * crumb.length)
    bytes.set(head)
    bytes.set(tail, bytes.length - tail.length)
    return bytes
  }
  const sound = wav({ size: 1600 })
  test.each([
    ['wav', [...ascii('LIST'), ...le32(0)], sound.subarray(0, 12), sound.subarray(12)],
    ['webm', [0xec, 0x80], note('recorded.webm').subarray(0, 300), note('recorded.webm').subarray(300)],
    ['mp4', [...be32(8), ...ascii('free')], new Uint8Array(), note('recorded.mp4')],
    [
      'ogg',
      [...ascii('OggS'), ...new Array<number>(23).fill(0)],
      note('voice-note.ogg').subarray(0, 47),
      note('voice-note.ogg').subarray(47),
    ],
  ] as const)('%s', (type, crumb, head, tail) => {
    expect(readAudioFacts(file(crumb, 1000, head, tail), type)?.duration).toBeGreaterThan(0)
    expect(readAudioFacts(file(crumb, 1_000_001, head, tail), type)).toBeNull()
  })

  test('webm with a crowd of tracks', () => {
    const [head, tail] = [note('recorded.webm').subarray(0, 0xf0), note('recorded.webm').subarray(0xf0)]
    expect(readAudioFacts(file([0xae, 0x80], 10, head, tail), 'webm')?.codec).toBe('opus')
    expect(readAudioFacts(file([0xae, 0x80], 100, head, tail), 'webm')).toBeNull()
  })
})

test('whatever the bytes are, an answer comes', () => {
  const originals = SAMPLES.map(([file, type]) => [note(file), type] as const)
  const types = Object.keys(AUDIO_TYPES).filter((name): name is AudioType => isAudioType(name as AudioType))
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.constantFrom(...types),
      fc.boolean(),
      fc.array(fc.record({ at: fc.nat(3000), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }), {
        maxLength: 12,
      }),
      fc.nat(),
      ([bytes, type], other, confused, changes, end) => {
        const changed = bytes.slice(0, (end % bytes.length) + 1)
        for (const change of changes) {
          if (change.at + change.bytes.length <= changed.length) changed.set(change.bytes, change.at)
        }
        const facts = readAudioFacts(changed, confused ? other : type)
        if (facts === null) return
        expect(facts.duration).toBeGreaterThanOrEqual(0)
        expect(facts.sampleRate ?? 1).toBeGreaterThan(0)
      },
    ),
    { numRuns: 2000 },
  )
})

/** A copy with other bytes at the first place of a text, or at an offset from there. */
function patched(bytes: Uint8Array, text: string, values: readonly number[], offset = 0): Uint8Array {
  const at = Buffer.from(bytes).indexOf(text, 0, 'latin1')
  if (at < 0) throw new RangeError(`there is no ${text}`)
  const copy = bytes.slice()
  copy.set(values, at + offset)
  return copy
}

describe('QuickTime', () => {
  const quickTime = (file: string) => patched(note(file), 'ftyp', ascii('qt  '), 4)
  /** Files without `ftyp`, as QuickTime wrote them before 2003. */
  const older = (file: string) => note(file).subarray(Buffer.from(note(file)).readUInt32BE(0))

  test.each([
    ['with its brand', quickTime('voice-note.m4a')],
    ['without a brand', older('voice-note.m4a')],
  ])('%s and with sound only is a recording', (_name, bytes) => {
    expect(detectFileType(bytes)).toBe('mov')
    const facts = readAudioFacts(bytes, 'mov')
    expect(facts).toEqual(readAudioFacts(note('voice-note.m4a'), 'm4a'))
    expect(facts).toMatchObject({ codec: 'aac', video: false, complete: true })
    expect(readFilmFacts(bytes, 'mov')).toBeNull()
  })

  test('with pictures is a film, also without sound', () => {
    const film = quickTime('film.mp4')
    expect(detectFileType(film)).toBe('mov')
    expect(readFilmFacts(film, 'mov')).toMatchObject({ sound: true })
    expect(readFilmFacts(film, 'mov')?.duration).toBeCloseTo(readAudioFacts(film, 'mov')?.duration ?? 0, 1)
    const silent = patched(film, 'soun', ascii('text'))
    expect(readFilmFacts(silent, 'mov')).toMatchObject({ sound: false })
  })

  test('has the sample rate of the second version of its sound description', () => {
    const second = patched(quickTime('voice-note.m4a'), 'mp4a', [0, 2], 4 + 8)
    const rate = new Uint8Array(8)
    new DataView(rate.buffer).setFloat64(0, 44_100)
    const bytes = patched(second, 'mp4a', [...rate], 4 + 32)
    expect(readAudioFacts(bytes, 'mov')?.sampleRate).toBe(44_100)
  })

  test('is not every file whose fifth byte begins a name of QuickTime', () => {
    expect(
      detectFileType(Uint8Array.from([...be32(9), ...ascii('free'), 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4])),
    ).toBe('unknown')
    expect(detectFileType(Uint8Array.from([...be32(3), ...ascii('moov')]))).toBe('unknown')
  })
})

describe('readFilmFacts', () => {
  test.each(SAMPLES)('of the recording %s is null', (file, type) => {
    expect(readFilmFacts(note(file), type)).toBeNull()
  })
})

describe('AMR', () => {
  const frame = (type: number, size: number) => [type << 3, ...Array(size - 1).fill(0x55)]
  const narrow = (...frames: number[][]) => Uint8Array.from([...ascii('#!AMR\n'), ...frames.flat()])

  test('has as many frames of 20 ms as it has first bytes, whatever their size', () => {
    const frames = [frame(7, 32), frame(0, 13), frame(8, 6), frame(15, 1)]
    expect(readAudioFacts(narrow(...frames), 'amr')).toEqual({
      codec: 'amr',
      sampleRate: 8_000,
      channels: 1,
      duration: 0.08,
      video: false,
      complete: true,
    })
    const wide = Uint8Array.from([...ascii('#!AMR-WB\n'), ...frame(8, 61), ...frame(9, 6), ...frame(14, 1)])
    expect(readAudioFacts(wide, 'amr')).toMatchObject({ sampleRate: 16_000, duration: 0.06, complete: true })
  })

  test('is incomplete where the last frame is cut, and no recording where the first has an unknown type', () => {
    expect(readAudioFacts(narrow(frame(7, 32), frame(7, 31)), 'amr')).toMatchObject({
      duration: 0.02,
      complete: false,
    })
    expect(readAudioFacts(narrow([12 << 3, 1, 2]), 'amr')).toBeNull()
    expect(readAudioFacts(narrow(), 'amr')).toMatchObject({ duration: 0 })
  })
})

describe('CAF', () => {
  const be64 = (value: number) => [...be32(Math.floor(value / 2 ** 32)), ...be32(value >>> 0)]
  const chunk = (name: string, content: number[], length = be64(content.length)) => [
    ...ascii(name),
    ...length,
    ...content,
  ]
  const rate = (value: number) => [...new Uint8Array(new Float64Array([value]).buffer)].reverse()
  const desc = (codec: string, bytes: number, frames: number) =>
    chunk('desc', [
      ...rate(24_000),
      ...ascii(codec),
      ...be32(0),
      ...be32(bytes),
      ...be32(frames),
      ...be32(1),
      ...be32(16),
    ])
  const pakt = (frames: number) => chunk('pakt', [...be64(2), ...be64(frames), ...be32(0), ...be32(0)])
  const caf = (...chunks: number[][]) => Uint8Array.from([...ascii('caff'), 0, 1, 0, 0, ...chunks.flat()])
  const data = [0, 0, 0, 0, ...Array(480).fill(1)]

  test('with packets of one size is as long as its data', () => {
    const bytes = caf(desc('lpcm', 2, 1), chunk('free', [0]), chunk('data', data))
    expect(readAudioFacts(bytes, 'caf')).toEqual({
      codec: 'pcm',
      sampleRate: 24_000,
      channels: 1,
      duration: 0.01,
      video: false,
      complete: true,
    })
    const open = caf(desc('lpcm', 2, 1), chunk('data', data, Array(8).fill(0xff)))
    expect(readAudioFacts(open, 'caf')).toMatchObject({ duration: 0.01, complete: true })
  })

  test('with packets of many sizes is as long as its table says', () => {
    const bytes = caf(desc('opus', 0, 480), chunk('data', data), pakt(48_000))
    expect(readAudioFacts(bytes, 'caf')).toMatchObject({ codec: 'opus', duration: 2, complete: true })
    expect(readAudioFacts(caf(desc('opus', 0, 480), chunk('data', data)), 'caf')).toBeNull()
  })

  test('is incomplete where its data are cut, and no recording without a description', () => {
    const whole = caf(desc('aac ', 0, 1024), pakt(24_000), chunk('data', data))
    expect(readAudioFacts(whole.subarray(0, whole.length - 1), 'caf')).toMatchObject({
      codec: 'aac',
      complete: false,
    })
    expect(readAudioFacts(caf(chunk('data', data)), 'caf')).toBeNull()
    expect(readAudioFacts(caf(desc('lpcm', 2, 1)), 'caf')).toMatchObject({ complete: false })
  })
})
