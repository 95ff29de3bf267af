/**
 * Stands in for a transcription service where none is configured: the HTTP API of OpenAI, called by the same code over
 * the same network. It recognises no speech and never pretends to; it measures the recording and says so.
 *
 * Tests make it fail like a real service, by `faults`.
 */

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { Logger } from '../types.ts'
import { RequestError, sendError } from './errors.ts'
import type { SimulatedCall, SimulatorFault } from './faults.ts'
import { MODEL, route } from './routes.ts'

export type { SimulatedCall, SimulatorFault } from './faults.ts'

export interface SimulatorOptions {
  logger: Logger
  /** Milliseconds between two pieces of a stream, so that people see the text grow. Default 250. */
  paceMs?: number
  /** The fault of a call; asked once for each call. Default: no fault. */
  faults?: (call: SimulatedCall) => SimulatorFault | undefined
}

export interface TranscriptionSimulator extends AsyncDisposable {
  /** Environment of a function that uses the simulator. */
  readonly env: Readonly<Record<string, string>>
  /** Calls so far, failed ones included. */
  readonly calls: number
}

const DEFAULT_PACE_MS = 250

export async function startTranscriptionSimulator(
  options: SimulatorOptions,
): Promise<TranscriptionSimulator> {
  const { logger, faults, paceMs = DEFAULT_PACE_MS } = options
  const key = `simulator-${randomBytes(16).toString('hex')}`
  let calls = 0
  const faultOf = (call: Omit<SimulatedCall, 'number'>): SimulatorFault | undefined => {
    calls += 1
    return faults?.({ number: calls, ...call })
  }
  const server = createServer((request, response) => {
    route(request, response, { key, paceMs, faultOf }).catch((error: unknown) => {
      if (!response.destroyed) sendError(response, error)
      if (!(error instanceof RequestError) && !isDisconnect(error)) {
        logger.error('transcription', 'request_failed', { error })
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the simulator has no port')
  return {
    env: {
      TRANSCRIPTION_BASE_URL: `http://127.0.0.1:${address.port}/v1`,
      TRANSCRIPTION_API_KEY: key,
      TRANSCRIPTION_MODEL: MODEL,
      TRANSCRIPTION_EXTRA_FORMATS: 'amr,caf',
    },
    get calls() {
      return calls
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The caller has closed the connection. */
function isDisconnect(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || Reflect.get(error, 'code') === 'ECONNRESET')
  )
}
