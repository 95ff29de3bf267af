/**
 * Makes one report and says what it took, as one line of JSON. A process of its own, as the peak of memory is a
 * process's; `e2e/support/measure-report.ts` starts it and says what the numbers are.
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

/** What thumbnails of photos have; that the picture is cut short is nothing to a file that only holds it. */
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

/** As many bytes as a preview of a detailed photo has: JPEG decoders ignore what follows the picture. */
function padded(jpeg: Uint8Array, length: number): Uint8Array {
  if (jpeg.length >= length) return jpeg
  const larger = new Uint8Array(length)
  larger.set(jpeg)
  return larger
}
