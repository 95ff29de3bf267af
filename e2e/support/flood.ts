/** Floods Realtime with public broadcasts over HTTP. The publishable key is the only credential of the flood. */

const CALLERS = 4
const MESSAGES = Array.from({ length: 20 }, () => ({
  topic: 'noise',
  event: 'noise',
  payload: {},
  private: false,
}))

export interface Flood {
  /** Resolves when the server has refused a request of the flood because of its limit of events. */
  readonly atLimit: Promise<void>
  stop(): Promise<void>
}

/** @throws in `atLimit` where the server accepts no public broadcasts. */
export function startFlood(url: string, publishableKey: string): Flood {
  const stopped = new AbortController()
  const { promise: atLimit, resolve, reject } = Promise.withResolvers<void>()
  async function call(): Promise<void> {
    while (!stopped.signal.aborted) {
      const { status } = await fetch(`${url}/realtime/v1/api/broadcast`, {
        method: 'POST',
        headers: { apikey: publishableKey, 'content-type': 'application/json' },
        body: JSON.stringify({ messages: MESSAGES }),
      })
      if (status === 429) resolve()
      else if (status !== 202) throw new Error(`the broadcast was answered with ${status}`)
    }
  }
  const callers = Array.from({ length: CALLERS }, () => call().catch(reject))
  return {
    atLimit,
    async stop() {
      stopped.abort()
      await Promise.all(callers)
    },
  }
}
