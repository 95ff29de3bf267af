/** Numbers and names in binary files. Whoever calls has checked that they lie within the bytes. */

export interface ByteView {
  readonly length: number
  u8(at: number): number
  u16le(at: number): number
  u16be(at: number): number
  u24be(at: number): number
  u32le(at: number): number
  u32be(at: number): number
  /** As a number: beyond 2^53 it is not exact, which no length of a real file reaches. */
  u64le(at: number): number
  u64be(at: number): number
  f32be(at: number): number
  f64be(at: number): number
  /** Whether there are `count` bytes from `at` on. */
  has(at: number, count: number): boolean
  /** One character per byte; bytes beyond the end are left out. */
  ascii(at: number, count: number): string
}

export function viewBytes(bytes: Uint8Array): ByteView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
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
    has: (at, count) => at >= 0 && at + count <= bytes.length,
    ascii: (at, count) => String.fromCharCode(...bytes.subarray(at, at + count)),
  }
}
