/**
 * The ICC profile of sRGB, built from its numbers (IEC 61966-2-1, adapted to D50), to convert pictures of
 * other colour spaces, such as phones' Display P3, before their profile is stripped.
 * Layout: ICC.1:2010, chapter 7; a matrix/TRC display profile, version 4.
 */

/** Red, green and blue in XYZ of the profile connection space. */
type Primaries = readonly [readonly number[], readonly number[], readonly number[]]

const SRGB_PRIMARIES: Primaries = [
  [0.43607, 0.22249, 0.01392],
  [0.38515, 0.71687, 0.09708],
  [0.14307, 0.06061, 0.7141],
]

const D50 = [0.9642, 1, 0.8249] as const
/** Exponent, slope, offset, linear slope and where the linear part ends. */
const TRANSFER = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045] as const
const HEADER_BYTES = 128

export function buildRgbProfile(primaries: Primaries, name: string): Uint8Array {
  const curve = tag('para', [u16(3), u16(0), ...TRANSFER.map(fixed)])
  const [red, green, blue] = primaries
  const tags: [string, number[]][] = [
    ['desc', text(name)],
    ['cprt', text('No copyright')],
    ['wtpt', xyz(D50)],
    ['rXYZ', xyz(red)],
    ['gXYZ', xyz(green)],
    ['bXYZ', xyz(blue)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ]
  const table: number[][] = [u32(tags.length)]
  const data: number[] = []
  const dataStart = HEADER_BYTES + 4 + tags.length * 12
  for (const [signature, bytes] of tags) {
    table.push(ascii(signature), u32(dataStart + data.length), u32(bytes.length))
    data.push(...bytes, ...Array<number>(-bytes.length & 3).fill(0))
  }
  return Uint8Array.from([...header(dataStart + data.length), ...table.flat(), ...data])
}

export const SRGB_PROFILE = buildRgbProfile(SRGB_PRIMARIES, 'sRGB')

function header(size: number): number[] {
  return [
    u32(size),
    u32(0), // preferred module
    u32(0x04200000), // version 4.2
    ascii('mntr'),
    ascii('RGB '),
    ascii('XYZ '),
    [2026, 1, 1, 0, 0, 0].flatMap(u16),
    ascii('acsp'),
    Array<number>(28).fill(0), // platform, flags, device, attributes, perceptual intent
    D50.flatMap(fixed),
    Array<number>(HEADER_BYTES - 80).fill(0),
  ].flat()
}

function xyz(values: readonly number[]): number[] {
  return tag('XYZ ', values.map(fixed))
}

function text(value: string): number[] {
  const utf16 = Array.from(value, (character) => u16(character.charCodeAt(0)))
  return tag('mluc', [u32(1), u32(12), ascii('enUS'), u32(utf16.length * 2), u32(28), ...utf16])
}

function tag(type: string, parts: number[][]): number[] {
  return [ascii(type), u32(0), ...parts].flat()
}

function ascii(value: string): number[] {
  return Array.from(value, (character) => character.charCodeAt(0))
}

function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff]
}

function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)]
}

/** s15Fixed16Number. */
function fixed(value: number): number[] {
  return u32(Math.round(value * 65536) >>> 0)
}
