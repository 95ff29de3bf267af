/** What a report takes: made in a Deno process of its own, with what a function may do. */

import { denoFlags } from '../../scripts/deno.ts'
import { run, tool } from '../../scripts/process.ts'

export interface ReportMeasurement {
  photos: number
  pages: number
  /** Size of the file. */
  bytes: number
  ms: number
  /** Of the process, from its start. */
  cpuMs: number
  /** Most that was resident. */
  peakBytes: number
  /** Resident before the report, with all modules loaded. */
  idleBytes: number
}

/** @param photoBytes of each photo's preview; at least what the sample photos have */
export async function measureReport(photos: number, photoBytes: number): Promise<ReportMeasurement> {
  const path = 'supabase/functions/generate-pdf'
  const flags = denoFlags({ name: 'generate-pdf', path, config: `${path}/deno.json` })
  const permissions = ['--no-prompt', '--allow-read=.', '--allow-env']
  const { code, output } = await run(
    tool('deno'),
    [
      'run',
      '--no-check',
      ...flags,
      ...permissions,
      `${path}/testing/measure.ts`,
      String(photos),
      String(photoBytes),
    ],
    { env: { DENO_NO_UPDATE_CHECK: '1' } },
  )
  if (code !== 0) throw new Error(`making a report with ${photos} photos ended with ${code}: ${output}`)
  return parseMeasurement(JSON.parse(output.trim().split('\n').at(-1) ?? ''))
}

function parseMeasurement(value: unknown): ReportMeasurement {
  const field = (name: keyof ReportMeasurement): number => {
    const number: unknown = Object(value)[name]
    if (typeof number !== 'number') throw new TypeError(`the measurement has no ${name}`)
    return number
  }
  return {
    photos: field('photos'),
    pages: field('pages'),
    bytes: field('bytes'),
    ms: field('ms'),
    cpuMs: field('cpuMs'),
    peakBytes: field('peakBytes'),
    idleBytes: field('idleBytes'),
  }
}
