/**
 * What a photo costs: time, CPU and peak memory of the worker, cold and warm; and how long the webhook keeps the form
 * waiting with ten files. Measures only; nothing here passes or fails.
 *
 *   npm run bench:images [-- --json]
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImageWorker, type Picture } from '../e2e/support/image-worker.ts'
import { buildTypeformResponse, signTypeformBody } from '../samples/typeform.ts'
import { latency, type Measurement, report, value } from './support/report.ts'
import { newBenchUser, startBenchStack } from './support/stack.ts'

/** More memory than a hosted worker has, so that a HEIC photo of any size can be measured. */
const MEMORY_MB = 1024
const PICTURES: readonly (readonly [Picture, string])[] = [
  ['jpeg-12', 'JPEG, 12 megapixels'],
  ['jpeg-48', 'JPEG, 48 megapixels'],
  ['heic-6', 'HEIC, 6 megapixels in 950 tiles'],
]
const ROUNDS = 5
const WEBHOOKS = 100
const FILES = 10
const MB = 1024 * 1024

const results: Measurement[] = []
const folder = mkdtempSync(join(tmpdir(), 'claimwire-bench-images-'))
try {
  await using maker = new ImageWorker({ writable: folder })
  for (const [picture, name] of PICTURES) {
    const file = join(folder, picture)
    await maker.draw(picture, file)
    await measure(name, file)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
await measureWebhook()
report(results)

/** A new worker for each cold round; its first photo loads the decoder. Medians. */
async function measure(name: string, file: string): Promise<void> {
  const cold: Sample[] = []
  const warm: Sample[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await using worker = new ImageWorker({ memoryMb: MEMORY_MB })
    cold.push(await sample(worker, file))
    warm.push(await sample(worker, file))
  }
  const size = `a file of ${(statSync(file).size / MB).toFixed(1)} MB`
  results.push(
    value(`${name}: CPU, first of a worker`, 'ms', median(cold.map(({ cpuMs }) => cpuMs)), size),
    value(`${name}: CPU, every further one`, 'ms', median(warm.map(({ cpuMs }) => cpuMs))),
    value(`${name}: time, first of a worker`, 'ms', median(cold.map(({ ms }) => ms))),
    value(`${name}: time, every further one`, 'ms', median(warm.map(({ ms }) => ms))),
    value(`${name}: peak memory, first of a worker`, 'MB', median(cold.map(({ peakMb }) => peakMb))),
    value(`${name}: peak memory after the second`, 'MB', median(warm.map(({ peakMb }) => peakMb))),
  )
}

interface Sample {
  ms: number
  cpuMs: number
  peakMb: number
}

async function sample(worker: ImageWorker, file: string): Promise<Sample> {
  const { end, ms, cpuMs } = await worker.work(file)
  if (end !== 'available') throw new Error(`the photo ended as ${end}`)
  return { ms, cpuMs, peakMb: worker.peakMb() ?? Number.NaN }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** The files' addresses are refused at once, so the jobs exist but do not keep the cores busy. */
async function measureWebhook(): Promise<void> {
  await using stack = await startBenchStack()
  const user = await newBenchUser(stack)
  const times: number[] = []
  /** Measures a function that does almost no work, for comparison. */
  const health: number[] = []
  for (let n = -5; n < WEBHOOKS; n += 1) {
    const files = Array.from({ length: FILES }, (_, index) => `https://127.0.0.1/${n}-${index}.jpg`)
    const body = JSON.stringify(buildTypeformResponse({ userId: user.id, email: user.email, files }))
    const start = performance.now()
    const response = await fetch(`${stack.url}/functions/v1/typeform-webhook`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'typeform-signature': signTypeformBody(body, stack.keys.typeformSecret),
      },
      body,
    })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`)
    // The first ones start the function.
    if (n >= 0) times.push(performance.now() - start)
    const healthStart = performance.now()
    await (await fetch(`${stack.url}/functions/v1/health`)).arrayBuffer()
    if (n >= 0) health.push(performance.now() - healthStart)
  }
  results.push(latency(`webhook with ${FILES} files, to its answer`, times, 'their jobs run meanwhile'))
  results.push(latency('the function health beside it', health, 'one query'))
}
