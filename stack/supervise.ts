/** Starts PostgreSQL again when it ends by itself, so that a killed server is an interruption and not the end. */

import { setTimeout as delay } from 'node:timers/promises'
import { backoffDelay } from '../functions-shared/backoff.ts'
import type { PostgresHandle } from './postgres/index.ts'
import type { Logger } from './types.ts'

const RESTART_BASE_MS = 200
const RESTART_MAX_MS = 10_000
const SOURCE = 'postgres'

/** @returns a function that ends the supervision; call it before stopping the server. */
export function restartOnCrash(postgres: PostgresHandle, logger: Logger): () => void {
  const ended = new AbortController()
  const unsubscribe = postgres.onExit((exit) => {
    if (exit.requested || ended.signal.aborted) return
    restart(postgres, logger, ended.signal).catch((error: unknown) => {
      if (!ended.signal.aborted) logger.error(SOURCE, 'cannot be started again', { error })
    })
  })
  return () => {
    ended.abort()
    unsubscribe()
  }
}

/** Tries until it runs; rejects only when aborted. */
async function restart(postgres: PostgresHandle, logger: Logger, signal: AbortSignal): Promise<void> {
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
      await delay(waitMs, undefined, { signal })
    }
  }
}
