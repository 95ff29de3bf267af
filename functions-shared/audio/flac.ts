/** FLAC: `fLaC`, then blocks of metadata, the first of which is STREAMINFO (RFC 9639, section 8.2). */

import type { AudioFacts } from './audio-facts.ts'
import { viewBytes } from './bytes.ts'

export function readFlac(bytes: Uint8Array): AudioFacts | null {
  const view = viewBytes(bytes)
  // Block type 0, STREAMINFO, has 34 bytes.
  if (!view.has(0, 42) || (view.u8(4) & 0x7f) !== 0 || view.u24be(5) !== 34) return null
  const sampleRate = view.u24be(18) >> 4
  if (sampleRate === 0) return null
  const channels = ((view.u8(20) >> 1) & 7) + 1
  const samples = (view.u8(21) & 0x0f) * 2 ** 32 + view.u32be(22)
  // The length of a frame is known only by decoding it, so a file with any byte after the metadata counts as complete.
  let at = 4
  for (let last = false; !last && view.has(at, 4); ) {
    last = view.u8(at) >= 0x80
    at += 4 + view.u24be(at + 1)
  }
  return {
    codec: 'flac',
    sampleRate,
    channels,
    duration: samples / sampleRate,
    video: false,
    complete: at < view.length,
  }
}
