/** The fonts of reports, unpacked once per worker. */

import { decodeBase64 } from '../_shared/std.ts'
import { REGULAR, SEMI_BOLD } from './font-data.ts'

export interface Fonts {
  regular: Uint8Array
  semiBold: Uint8Array
}

let unpacked: Promise<Fonts> | undefined

export function loadFonts(): Promise<Fonts> {
  unpacked ??= Promise.all([unpack(REGULAR), unpack(SEMI_BOLD)]).then(([regular, semiBold]) => ({
    regular,
    semiBold,
  }))
  return unpacked
}

async function unpack(base64: string): Promise<Uint8Array> {
  const packed = new Blob([decodeBase64(base64)]).stream()
  const stream = packed.pipeThrough(new DecompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
