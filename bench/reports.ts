/**
 * What a report takes: time, processor time and memory, each in a process that has just started, as a function's
 * worker may have. Measures only; nothing here passes or fails.
 *
 *   npm run bench:reports [-- --json]     a table for people, or one JSON line for machines
 */

import { measureReport, type ReportMeasurement } from '../e2e/support/measure-report.ts'

/** Reports with so many photos of so many bytes, the size of a preview of a detailed photo. */
const CASES = [
  { photos: 3, photoBytes: 400_000 },
  { photos: 4, photoBytes: 400_000 },
  { photos: 40, photoBytes: 400_000 },
  { photos: 200, photoBytes: 400_000 },
] as const
const RUNS = 5

const results: ReportMeasurement[] = []
for (const { photos, photoBytes } of CASES) {
  const runs: ReportMeasurement[] = []
  for (let run = 0; run < RUNS; run += 1) runs.push(await measureReport(photos, photoBytes))
  const [first] = runs
  if (first === undefined) continue
  results.push({
    ...first,
    ms: median(runs.map(({ ms }) => ms)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    idleBytes: median(runs.map(({ idleBytes }) => idleBytes)),
    // Limits are compared with the highest value.
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  })
}

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(results))
} else {
  const megabytes = (bytes: number) => Number((bytes / 1e6).toFixed(1))
  console.table(
    results.map(({ photos, pages, bytes, ms, cpuMs, peakBytes, idleBytes }) => ({
      photos,
      pages,
      'file MB': megabytes(bytes),
      'time ms': ms,
      'CPU ms, start included': cpuMs,
      'peak MB': megabytes(peakBytes),
      'idle MB': megabytes(idleBytes),
    })),
  )
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
