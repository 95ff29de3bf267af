/** Dependencies of the engine's sessions: from the client's options, else built on supabase-js and the browser. */

import type { ClientOptions, LeanClientOptions, PageDependencies } from './client-options.ts'
import { createCursorStore, pageStorage } from './cursor-store.ts'
import type { EngineSessionOptions } from './engine-session.ts'
import { tapFrames } from './frame-tap.ts'
import { pause } from './pause.ts'
import type { ClientLogger, QueueSource, Sender, Timers, Transport } from './ports.ts'
import { randomId } from './random-id.ts'
import { createRegisteredTransport } from './registered-transport.ts'
import { withRenewal } from './renewing-backend.ts'
import { createSupabaseDevices, deviceLabel } from './supabase-devices.ts'
import { createSupabaseInbox } from './supabase-inbox.ts'
import { createSupabaseSource } from './supabase-source.ts'
import { createSupabaseTransport } from './supabase-transport.ts'
import { pageAttention } from './tabs/attention.ts'
import { openBrowserTabs } from './tabs/browser-tabs.ts'
import { createIncidentTransport } from './topics/incident-transport.ts'
import { createSupabaseSender } from './topics/sender.ts'
import { createSupabaseIncidentTopics } from './topics/supabase-incident-topics.ts'
import { createSupabaseQueueSource } from './topics/supabase-queue.ts'
import { createSupabaseSigner } from './url-signer.ts'

const DEFAULTS = {
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  heartbeatInterval: 30_000,
  heartbeatTimeout: 10_000,
  pageSize: 500,
} as const

/**
 * Milliseconds between two looks at the table, at most, while somebody watches. A lost message is found after this time,
 * the grace for its broadcast and the requests: together less than 2 s.
 */
export const WATCH_INTERVAL = 1_500

/** Milliseconds to the first head check: the server's replication stream can start a little after the join is answered. */
const FIRST_CHECK_DELAY = 3_000

export interface EngineDependencies {
  /** Options that all sessions of a client share. */
  session: Omit<EngineSessionOptions, 'userId' | 'registry'>
  queues: QueueSource
  sender: Sender
}

export function createEngineDependencies(options: ClientOptions, page: PageDependencies): EngineDependencies {
  const { timers, clock, identity, logger } = page
  const supabase = { ...withRenewal(options.supabase, clock), storage: options.supabase.storage }
  const storage = options.storage === undefined ? pageStorage() : options.storage
  const devices =
    options.devices === undefined
      ? createSupabaseDevices(supabase, storage, deviceLabel(globalThis.navigator?.userAgent))
      : options.devices
  const checkInterval = options.heartbeatInterval ?? DEFAULTS.heartbeatInterval
  const transport = transportOf(options, logger, timers)
  return {
    session: {
      timers,
      clock,
      pause: options.pause ?? pause,
      pageSize: options.pageSize ?? DEFAULTS.pageSize,
      transport:
        devices === null ? transport : createRegisteredTransport({ transport, devices, identity, clock }),
      topicTransport: createIncidentTransport({
        transport,
        incidentTopics: options.incidentTopics ?? createSupabaseIncidentTopics(supabase),
        timers,
        checkInterval,
      }),
      devices,
      source: options.source ?? createSupabaseSource(supabase, identity),
      inbox: options.inbox ?? createSupabaseInbox(supabase, identity),
      signer: options.signer ?? createSupabaseSigner(supabase, clock),
      cursors: createCursorStore(storage),
      openTabs: options.tabs === null ? () => null : (options.tabs ?? openBrowserTabs),
      attention: options.attention ?? pageAttention(clock),
      tabId: randomId(),
      settings: {
        reconnectDelay: options.reconnectDelay ?? DEFAULTS.reconnectDelay,
        maxReconnectDelay: options.maxReconnectDelay ?? DEFAULTS.maxReconnectDelay,
        checkInterval,
        firstCheckDelay: Math.min(FIRST_CHECK_DELAY, checkInterval),
        watchInterval: Math.min(WATCH_INTERVAL, checkInterval),
        random: options.random ?? Math.random,
      },
    },
    queues: options.queues ?? createSupabaseQueueSource(supabase),
    sender: options.sender ?? createSupabaseSender(supabase, clock),
  }
}

function transportOf(options: ClientOptions, logger: ClientLogger, timers: Timers): Transport {
  if (isLean(options)) return options.transport
  const { supabase, heartbeatTimeout = DEFAULTS.heartbeatTimeout } = options
  if (options.debug)
    tapFrames(supabase.realtime, (kind, text, data) => logger.debug(`${kind}: ${text}`, { data }))
  return createSupabaseTransport({ supabase, timers, heartbeatTimeout })
}

function isLean(options: ClientOptions): options is LeanClientOptions {
  return options.transport !== undefined
}
