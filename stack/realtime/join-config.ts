/** The payload of `phx_join`, read as leniently as the real server does. */

import { isRecord } from '../../functions-shared/unknown.ts'
import { JOIN_REFUSAL } from './errors.ts'

export interface JoinConfig {
  private: boolean
  broadcast: {
    ack: boolean
    self: boolean
    replicationReady: boolean
    /** Undefined when absent; `parseReplay` checks the rest. */
    replay: unknown
    wantsReplay: boolean
  }
  presence: { enabled: boolean; key: string }
  /** Bindings as the client wrote them; the reply repeats them. */
  postgresChanges: unknown[]
  /** Token of this channel; undefined: the connection's token. */
  accessToken: string | undefined
  /** Joined without `config`: the topic names schema, table and filter. */
  legacy: boolean
}

export type ParsedJoin = { ok: true; config: JoinConfig } | { ok: false; reason: string }

/** @param topic without the `realtime:` prefix */
export function parseJoin(payload: unknown, topic: string): ParsedJoin {
  if (!isRecord(payload)) {
    return {
      ok: false,
      reason: `UnknownErrorOnChannel: expected params to be a :map, got: \`${inspect(payload)}\``,
    }
  }
  const accessToken = tokenOf(payload)
  const legacy = !Object.hasOwn(payload, 'config')
  const config = section(payload.config)
  const broadcast = section(config?.broadcast)
  const presence = section(config?.presence)
  if (!config || !broadcast || !presence) return { ok: false, reason: JOIN_REFUSAL.badConfig }
  return {
    ok: true,
    config: {
      private: flag(config.private),
      broadcast: {
        ack: flag(broadcast.ack),
        self: flag(broadcast.self),
        replicationReady: flag(broadcast.replication_ready),
        replay: broadcast.replay,
        wantsReplay: Object.hasOwn(broadcast, 'replay'),
      },
      presence: {
        enabled: flag(presence.enabled),
        key: typeof presence.key === 'string' ? presence.key : '',
      },
      postgresChanges: legacy ? [legacyBinding(topic)] : bindings(config.postgres_changes),
      accessToken,
      legacy,
    },
  }
}

/** `user_token` is the older name. Keys of the new kind are not tokens of a user. */
function tokenOf(payload: Record<string, unknown>): string | undefined {
  const token = payload.access_token ?? payload.user_token
  if (typeof token === 'string' && token.startsWith('sb_')) return undefined
  if (typeof payload.user_token === 'string') return payload.user_token
  if (typeof payload.access_token === 'string') return payload.access_token
  return undefined
}

/** @returns an empty section for an absent or null one, undefined for anything that is no object */
function section(value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return {}
  return isRecord(value) ? value : undefined
}

function flag(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}

function bindings(value: unknown): unknown[] {
  return Array.isArray(value) ? value.filter((binding) => binding !== null) : []
}

function legacyBinding(topic: string): Record<string, string> {
  const [schema = '', table, ...filter] = topic.split(':')
  if (table === undefined) return { schema }
  return filter.length === 0 ? { schema, table } : { schema, table, filter: filter.join(':') }
}

/** A JSON value as Elixir prints it in an error text. */
export function inspect(value: unknown): string {
  if (value === null || value === undefined) return 'nil'
  if (Array.isArray(value)) return `[${value.map(inspect).join(', ')}]`
  if (isRecord(value)) {
    const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)} => ${inspect(field)}`)
    return `%{${fields.join(', ')}}`
  }
  return JSON.stringify(value)
}
