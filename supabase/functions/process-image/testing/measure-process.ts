/**
 * Runs image jobs without a network in a process of its own, so that its time and memory can be measured from outside.
 * Each line on stdin is a command, answered by a line of JSON on stdout:
 *
 *   work <kind> <file>     {"end", "ms"}: preview or error code, and the time that it took
 *   draw <kind> <file>     a picture of a camera's size: jpeg-12, jpeg-48 or heic-6, by megapixels
 *   write <folder>         the malicious files, written there: [{"name", "kind", "end", "path"}]
 */

import { MagickFormat, MagickGeometry, MagickImage, NoiseType } from '@imagemagick/magick-wasm'
import { AppError } from '../../../../functions-shared/app-error.ts'
import { release } from '../../_shared/byte-streams.ts'
import { fakeDocuments, fakeWorker } from '../../_shared/testing/fakes.ts'
import { loadMagick } from '../magick.ts'
import { DEFAULT_MEMORY_MB } from '../memory.ts'
import { processImage } from '../work.ts'
import { heicGrid } from './containers.ts'
import { samplePhoto } from './images.ts'
import { maliciousFiles } from './malicious.ts'

const memoryMb = Number(Deno.env.get('IMAGE_MEMORY_MB') ?? DEFAULT_MEMORY_MB)

async function work(bytes: Uint8Array<ArrayBuffer>, kind: string): Promise<string> {
  const worker = fakeWorker({ documents: fakeDocuments({ kind }) })
  try {
    const { preview } = await worker.work((lease) =>
      processImage(worker.job.subjectId, lease, {
        ...worker,
        download: () => Promise.resolve(bytes),
        loadMagick,
        release,
        memoryBytes: memoryMb * 1024 * 1024,
        now: () => new Date(),
      }),
    )
    return preview
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

async function answer(line: string): Promise<object> {
  const [command, first = '', ...others] = line.split(' ')
  if (command === 'write') return await write(first)
  if (command === 'draw') return await draw(first, others.join(' '))
  if (command !== 'work') throw new TypeError(`there is no command ${command}`)
  const bytes = await Deno.readFile(others.join(' '))
  const started = performance.now()
  const end = await work(bytes, first)
  return { end, ms: performance.now() - started }
}

const SIZES: ReadonlyMap<string, string> = new Map([
  ['jpeg-12', '4000x3000!'],
  ['jpeg-48', '8000x6000!'],
])

async function draw(kind: string, file: string): Promise<object> {
  const size = SIZES.get(kind)
  await Deno.writeFile(file, size === undefined ? await drawHeic() : await drawJpeg(size))
  return {}
}

/** Draws a picture with the noise of a camera's sensor: without noise, decoding would be unrealistically fast. */
async function drawJpeg(size: string): Promise<Uint8Array> {
  await loadMagick()
  const image = MagickImage.create(await samplePhoto('street-at-dusk'))
  try {
    image.resize(new MagickGeometry(size))
    image.addNoise(NoiseType.Gaussian)
    image.quality = 85
    return image.write(MagickFormat.Jpeg, (data) => Uint8Array.from(data))
  } finally {
    image.dispose()
  }
}

async function drawHeic(): Promise<Uint8Array> {
  const tile = await Deno.readFile(new URL('../testdata/quadrants.heic', import.meta.url))
  return heicGrid(tile, { width: 96, height: 64 }, 38, 25)
}

async function write(folder: string): Promise<object> {
  await loadMagick()
  const files = await maliciousFiles()
  return await Promise.all(
    files.map(async ({ name, bytes, kind = 'photo', end }, index) => {
      const path = `${folder}/${index}`
      await Deno.writeFile(path, bytes)
      return { name, kind, end, path }
    }),
  )
}

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
let rest = ''
for await (const piece of input) {
  const lines = `${rest}${piece}`.split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) console.log(JSON.stringify(await answer(line)))
}
