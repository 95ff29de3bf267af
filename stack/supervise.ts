/** Restarts PostgreSQL when it ends without being asked to. */

import { setTimeout as delay } from 'node:timers/promises'
import { backoffDelay } from '../functions-shared/backoff.ts'
import type { PostgresHandle } from './postgres/index.ts'
import type { Logger } from './types.ts'

const RESTART_BASE_MS = 200
const RESTART_MAX_MS = 10_000
const SOURCE = 'postgres'

type Server = Pick<PostgresHandle, 'onExit' | 'restart'>
/** Rejects when the signal aborts. */
type Wait = (ms: number, signal: AbortSignal) => Promise<void>

const WAIT: Wait = (ms, signal) => delay(ms, undefined, { signal })

/** @returns a function that ends the supervision, to be called before the server is stopped */
export function restartOnCrash(postgres: Server, logger: Logger, wait: Wait = WAIT): () => void {
  const ended = new AbortController()
  const unsubscribe = postgres.onExit((exit) => {
    if (exit.requested || ended.signal.aborted) return
    restart(postgres, logger, ended.signal, wait).catch((error: unknown) => {
      if (!ended.signal.aborted) logger.error(SOURCE, 'restart_failed', { error })
    })
  })
  return () => {
    ended.abort()
    unsubscribe()
  }
}

/** Tries until the server runs. Rejects only when aborted. */
async function restart(postgres: Server, logger: Logger, signal: AbortSignal, wait: Wait): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await postgres.restart()
      logger.info(SOURCE, 'restarted')
      return
    } catch (error) {
      const waitMs = backoffDelay(attempt, {
        baseMs: RESTART_BASE_MS,
        maxMs: RESTART_MAX_MS,
        random: Math.random,
      })
      logger.warn(SOURCE, 'restart_attempt_failed', { waitMs, error })
      await wait(waitMs, signal)
    }
  }
}
