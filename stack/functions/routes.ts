/**
 * One request: the function that its path names, a process of it, and the answer within the time limit.
 *
 * Over the limit the request is answered 504, and its process gets no further requests: the next request starts another
 * process at once. Other requests in the old process keep their own limits. When the last of them has ended, the process is
 * killed. Other functions are not affected.
 */

import { join, relative } from 'node:path'
import type { Logger } from '../types.ts'
import { type FunctionSource, findFunction } from './catalogue.ts'
import { type FunctionFailure, failureResponse } from './errors.ts'
import { ConnectError, forward } from './forward.ts'
import type { FunctionProcess } from './function-process.ts'
import type { FunctionProcesses } from './processes.ts'
import { WallClock } from './wall-clock.ts'

/** As `private.job_kinds` allows it. */
const FUNCTION_NAME = /^[a-z0-9][a-z0-9_-]{0,99}$/
/** Names of missing functions that are logged. Bounded, because callers choose the name. */
const MAX_MISSING = 100
/** Milliseconds in which the end of a process is noticed after its connections broke. */
const END_NOTICE_MS = 500

export interface RoutesOptions {
  functionsDir: string
  processes: FunctionProcesses
  timeoutMs: number
  logger: Logger
}

/** @returns answers a request. The path has no prefix. */
export function createRoutes(options: RoutesOptions): (request: Request, path: string) => Promise<Response> {
  const { functionsDir, processes, timeoutMs, logger } = options
  /** Names that were logged as missing. */
  const missing = new Set<string>()

  return async (request, path) => {
    const name = path.split('/').find((part) => part !== '') ?? ''
    const source = findFunction(functionsDir, name)
    if (source === undefined) {
      logMissing(name)
      return failureResponse('NOT_FOUND')
    }
    const limit = new WallClock(timeoutMs)
    try {
      const outcome = await Promise.race([serve(source, request, path, limit), limit.reached])
      if (outcome instanceof Response) return outcome // its body is still under the limit
      limit.stop()
      return failureResponse(outcome)
    } catch (error) {
      limit.stop()
      throw error
    }
  }

  /** The database drops the answers of functions, so a missing function is logged here, once per name. */
  function logMissing(name: string): void {
    if (!FUNCTION_NAME.test(name) || missing.has(name) || missing.size >= MAX_MISSING) return
    missing.add(name)
    const folder = relative(process.cwd(), join(functionsDir, name))
    logger.warn('functions', 'a function was called that is not there', { folder })
  }

  async function serve(
    source: FunctionSource,
    request: Request,
    path: string,
    limit: WallClock,
  ): Promise<Response | FunctionFailure> {
    const target = `${path.startsWith('/') ? path : `/${path}`}${new URL(request.url).search}`
    // A process may end between the choice and the connection; the second process is a new one.
    for (const last of [false, true]) {
      if (processes.stopping) return 'SHUTDOWN'
      const process = await processes.acquire(source)
      // Counted from here on: a process that is replaced while it starts still serves the requests that wait for it.
      const endRequest = process.beginRequest()
      const port = await process.ready.catch(() => undefined)
      if (port === undefined || limit.isReached) {
        endRequest()
        return port === undefined ? bootFailure(process) : 'WORKER_TIMEOUT'
      }
      limit.onReached = () => {
        logger.error(source.name, 'over the time limit, ending its process', { ms: timeoutMs })
        endRequest()
        process.retire()
      }
      const onEnd = (): void => {
        limit.stop()
        endRequest()
      }
      try {
        return await forward({ port, target, request, signal: limit.signal, onEnd })
      } catch (error) {
        endRequest()
        if (limit.isReached) return 'WORKER_TIMEOUT'
        if (error instanceof ConnectError) process.retire()
        if (error instanceof ConnectError && !last) continue
        logger.error(source.name, 'broke off', { error })
        return brokenBy(process)
      }
    }
    return 'WORKER_ERROR'
  }

  async function brokenBy(process: FunctionProcess): Promise<FunctionFailure> {
    if (processes.stopping) return 'SHUTDOWN'
    // The connection breaks an instant before the process has ended. A process that lives on broke this request only.
    const ended = await Promise.race([process.ended, delay(END_NOTICE_MS)])
    return ended?.outOfMemory ? 'WORKER_LIMIT' : 'WORKER_ERROR'
  }
}

function delay(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref())
}

async function bootFailure(process: FunctionProcess): Promise<FunctionFailure> {
  const { outOfMemory } = await process.ended
  return outOfMemory ? 'WORKER_LIMIT' : 'BOOT_ERROR'
}
