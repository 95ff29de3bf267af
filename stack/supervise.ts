/** Starts PostgreSQL again when it ends by itself, so that a killed server is an interruption and not the end. */

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

/** @returns a function that ends the supervision; call it before stopping the server. */
export function restartOnCrash(postgres: Server, logger: Logger, wait: Wait = WAIT): () => void {
  const ended = new AbortController()
  const unsubscribe = postgres.onExit((exit) => {
    if (exit.requested || ended.signal.aborted) return
    restart(postgres, logger, ended.signal, wait).catch((error: unknown) => {
      if (!ended.signal.aborted) logger.error(SOURCE, 'cannot be started again', { error })
    })
  })
  return () => {
    ended.abort()
    unsubscribe()
  }
}

/** Tries until it runs; rejects only when aborted. */
async function restart(postgres: Server, logger: Logger, signal: AbortSignal, wait: Wait): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await postgres.restart()
      logger.info(SOURCE, 'runs again')
      return
    } catch (error) {
      const waitMs = backoffDelay(attempt, {
        baseMs: RESTART_BASE_MS,
        maxMs: RESTART_MAX_MS,
        random: Math.random,
      })
      logger.warn(SOURCE, `could not be started; next try in ${waitMs} ms`, { error })
      await wait(waitMs, signal)
    }
  }
}
