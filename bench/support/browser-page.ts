/** Runs in the browser: the client library, and when its handler was called with what. */

import { createClient } from '@supabase/supabase-js'
import { DashboardWebSocketClient } from '../../web/src/client/index.ts'

export interface BenchPageOptions {
  url: string
  publishableKey: string
  userId: string
  email: string
  password: string
}

/** Milliseconds since 1970, as precise as the page may know. */
const now = (): number => performance.timeOrigin + performance.now()

let client: DashboardWebSocketClient | null = null
let userId = ''
const heard: { key: string; at: number }[] = []

const benchPage = {
  /** `<job>:<type>` of each durable message. */
  heard,
  async connect(options: BenchPageOptions): Promise<void> {
    const supabase = createClient(options.url, options.publishableKey)
    const { error } = await supabase.auth.signInWithPassword(options)
    if (error !== null) throw error
    userId = options.userId
    client = new DashboardWebSocketClient({ supabase })
    client.on('message', (message) => {
      if (message.seq !== undefined && 'jobId' in message)
        heard.push({ key: `${message.jobId}:${message.type}`, at: now() })
    })
    await client.connect(userId)
  },
  leave(): void {
    client?.disconnect()
  },
  /** @returns milliseconds until it is live and everything missed has been handed over. */
  async comeBack(): Promise<number> {
    const start = now()
    await client?.connect(userId)
    return now() - start
  },
}

export type BenchPage = typeof benchPage

Object.assign(globalThis, { benchPage })
