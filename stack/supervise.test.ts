import { expect, test, vi } from 'vitest'
import type { PostgresExit } from './postgres/postmaster.ts'
import { recordingLogger } from './postgres/testing/recording-logger.ts'
import { restartOnCrash } from './supervise.ts'

/** A server whose restarts have the given outcomes; the last outcome also counts for later restarts. */
function fakeServer(...outcomes: ('runs' | 'fails')[]) {
  const listeners = new Set<(exit: PostgresExit) => void>()
  const server = {
    restarts: 0,
    onExit(listener: (exit: PostgresExit) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    restart() {
      const outcome = outcomes[Math.min(server.restarts, outcomes.length - 1)]
      server.restarts += 1
      return outcome === 'runs' ? Promise.resolve() : Promise.reject(new Error('no port'))
    },
    exit(requested: boolean) {
      for (const listener of listeners) listener({ code: null, signal: 'SIGKILL', requested })
    },
  }
  return server
}

const AT_ONCE = () => Promise.resolve()

test('a server that ends without being asked to is restarted, each time', async () => {
  const logger = recordingLogger()
  const server = fakeServer('runs')
  restartOnCrash(server, logger, AT_ONCE)
  for (const count of [1, 2]) {
    server.exit(false)
    await vi.waitFor(() => expect(logger.messages('info')).toHaveLength(count))
    expect(server.restarts).toBe(count)
  }
})

test('a failed restart is tried again with growing delays until it works', async () => {
  const logger = recordingLogger()
  const server = fakeServer(...Array<'fails'>(9).fill('fails'), 'runs')
  const waits: number[] = []
  vi.spyOn(Math, 'random').mockReturnValue(0.999)
  restartOnCrash(server, logger, async (ms) => void waits.push(ms))
  server.exit(false)
  await vi.waitFor(() => expect(logger.messages('info')).toHaveLength(1))
  expect(logger.messages('warn')).toHaveLength(9)
  expect(waits).toEqual([200, 400, 799, 1598, 3197, 6394, 9990, 9990, 9990])
  vi.restoreAllMocks()
})

test('a requested stop is followed by no restart', () => {
  const server = fakeServer('runs')
  restartOnCrash(server, recordingLogger(), AT_ONCE)
  server.exit(true)
  expect(server.restarts).toBe(0)
})

test('after the end of the supervision no restart is tried, and a waiting one is abandoned', async () => {
  const logger = recordingLogger()
  const server = fakeServer('fails')
  const waiting = Promise.withResolvers<void>()
  const given = Promise.withResolvers<void>()
  const end = restartOnCrash(server, logger, (_ms, signal) => {
    signal.addEventListener('abort', () => given.reject(signal.reason))
    waiting.resolve()
    return given.promise
  })
  server.exit(false)
  await waiting.promise
  end()
  await expect(given.promise).rejects.toMatchObject({ name: 'AbortError' })
  server.exit(false)
  expect(server.restarts).toBe(1)
  expect(logger.messages('error')).toEqual([])
})
