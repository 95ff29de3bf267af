/** Numbers and names in binary files. The caller checks with `has` that they lie within the bytes. */

export interface ByteView {
  readonly length: number
  u8(at: number): number
  u16le(at: number): number
  u16be(at: number): number
  u24be(at: number): number
  u32le(at: number): number
  u32be(at: number): number
  /** Not exact above 2^53, which no length in a real file reaches. */
  u64le(at: number): number
  u64be(at: number): number
  f32be(at: number): number
  f64be(at: number): number
  /** Called for each part of a file: frame, page, box or element. @throws TooManyParts above {@link MAX_PARTS} */
  countPart(): void
  /** Whether the file has `count` bytes from `at` on. */
  has(at: number, count: number): boolean
  /** One character per byte. Bytes beyond the end are left out. */
  ascii(at: number, count: number): string
}

/** Parts of one file: seven hours in frames of 26 ms. Reading so many takes a fraction of a second. */
const MAX_PARTS = 1_000_000

/** The file has so many tiny parts that reading them all would keep the worker busy. */
export class TooManyParts extends Error {}

export function viewBytes(bytes: Uint8Array): ByteView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let parts = 0
  return {
    length: bytes.length,
    u8: (at) => view.getUint8(at),
    u16le: (at) => view.getUint16(at, true),
    u16be: (at) => view.getUint16(at),
    u24be: (at) => view.getUint16(at) * 0x100 + view.getUint8(at + 2),
    u32le: (at) => view.getUint32(at, true),
    u32be: (at) => view.getUint32(at),
    u64le: (at) => Number(view.getBigUint64(at, true)),
    u64be: (at) => Number(view.getBigUint64(at)),
    f32be: (at) => view.getFloat32(at),
    f64be: (at) => view.getFloat64(at),
    countPart() {
      parts += 1
      if (parts > MAX_PARTS) throw new TooManyParts()
    },
    has: (at, count) => at >= 0 && at + count <= bytes.length,
    ascii(at, count) {
      // Called for each part of a file. This loop is ten times faster than String.fromCharCode(...bytes).
      let text = ''
      const end = Math.min(bytes.length, at + count)
      for (let index = at; index < end; index += 1) text += String.fromCharCode(view.getUint8(index))
      return text
    },
  }
}
