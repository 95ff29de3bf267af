/**
 * A worker's work without its network, in a process of its own, so that time and memory can be measured from
 * outside: `<file>` or `malicious:<index>` a line on stdin, a line of JSON on stdout for each.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { holdLease } from '../../_shared/lease.ts'
import { createJob, fakeDocuments, fakeFiles, fakeJobs } from '../../_shared/testing/fakes.ts'
import { loadMagick } from '../magick.ts'
import { DEFAULT_MEMORY_MB } from '../memory.ts'
import { processImage } from '../work.ts'
import { maliciousFiles } from './malicious.ts'

const memoryMb = Number(Deno.env.get('IMAGE_MEMORY_MB') ?? DEFAULT_MEMORY_MB)
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

async function work(bytes: Uint8Array<ArrayBuffer>, kind: string): Promise<string> {
  const job = createJob()
  await using lease = holdLease({ jobs: fakeJobs(), job, log: silent, every: () => () => undefined })
  try {
    const { preview } = await processImage(job.subjectId, lease, {
      documents: fakeDocuments({ kind }),
      files: fakeFiles(),
      download: () => Promise.resolve(bytes),
      loadMagick,
      memoryBytes: memoryMb * 1024 * 1024,
      log: silent,
      now: () => new Date(),
    })
    return preview
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

async function answer(line: string): Promise<object> {
  const [, index] = /^malicious:(\d+)$/.exec(line) ?? []
  // Made here, where their making counts as little as possible: one at a time, and gone before the next.
  const file =
    index === undefined ? { bytes: await Deno.readFile(line), kind: 'photo' } : await malicious(Number(index))
  const started = performance.now()
  const end = await work(file.bytes, file.kind ?? 'photo')
  return { end, ms: performance.now() - started }
}

async function malicious(index: number) {
  await loadMagick()
  const file = (await maliciousFiles())[index]
  if (file === undefined) throw new RangeError(`there is no malicious file ${index}`)
  return file
}

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
let rest = ''
for await (const piece of input) {
  const lines = `${rest}${piece}`.split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) console.log(JSON.stringify(await answer(line)))
}
