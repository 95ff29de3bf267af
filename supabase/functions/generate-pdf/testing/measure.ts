/**
 * Makes one report and writes its time and memory as one line of JSON. It is a process of its own, because peak memory
 * is measured for a process. `e2e/support/measure-report.ts` starts it and documents the numbers.
 *
 *   deno run … measure.ts <photos> [<bytes of each photo>]
 */

import { loadFonts } from '../fonts.ts'
import { layOut } from '../layout.ts'
import { loadSamplePhoto, sampleSource } from './sample.ts'

declare global {
  namespace Deno {
    /** Microseconds; the types of Deno lack it. */
    function cpuUsage(): { user: number; system: number }
  }
}

/** Usual bytes of a thumbnail. The JPEG is cut, which does not matter to a PDF that only embeds it. */
const THUMBNAIL_BYTES = 16_000

const [photos = 4, photoBytes = 0] = Deno.args.map(Number)
const idleBytes = Deno.memoryUsage().rss
let peakBytes = idleBytes
const sample = () => {
  peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss)
}

const started = performance.now()
const { bytes, pageCount } = await layOut(sampleSource({ photos }), {
  fonts: await loadFonts(),
  loadPhoto: async (photo, size) => {
    const jpeg = await loadSamplePhoto(photo)
    sample()
    if (jpeg === null) return null
    return size === 'thumbnail' ? jpeg.slice(0, THUMBNAIL_BYTES) : padded(jpeg, photoBytes)
  },
})
await crypto.subtle.digest('SHA-256', bytes)
sample()
const ms = performance.now() - started
const { user, system } = Deno.cpuUsage()
const measurement = {
  photos,
  pages: pageCount,
  bytes: bytes.length,
  ms: Math.round(ms),
  cpuMs: Math.round((user + system) / 1000),
  peakBytes,
  idleBytes,
}
console.log(JSON.stringify(measurement))

/** A JPEG padded to the size of a detailed photo's preview: JPEG decoders ignore bytes after the picture. */
function padded(jpeg: Uint8Array, length: number): Uint8Array {
  if (jpeg.length >= length) return jpeg
  const larger = new Uint8Array(length)
  larger.set(jpeg)
  return larger
}
