/** What a WebSocket upgrade asks for, and whether it may have it. */

import type { IncomingHttpHeaders } from 'node:http'
import type { RealtimeContext } from './context.ts'
import type { ProtocolVersion } from './protocol/serializer.ts'
import { CONNECT_REFUSAL } from './protocol/wire.ts'
import { connectFailure } from './tokens.ts'

/** `message` undefined: an empty body. */
export interface Refusal {
  status: number
  message: string | undefined
}

export type Admission =
  | { ok: true; version: ProtocolVersion; token: string; headers: Record<string, string> }
  | { ok: false; refusal: Refusal }

/** @param url path and query of the request @param tokenOf what an API key stands for */
export async function admitConnection(
  context: RealtimeContext,
  url: string,
  headers: IncomingHttpHeaders,
  tokenOf: (key: string) => string,
): Promise<Admission> {
  const query = new URL(url, 'http://localhost').searchParams
  const version = versionOf(query.get('vsn'))
  if (!version) return { ok: false, refusal: { status: 403, message: undefined } }
  if (context.settings.suspended) return { ok: false, refusal: CONNECT_REFUSAL.suspended }
  const header = headers['x-api-key']
  const key = (typeof header === 'string' ? header : undefined) ?? query.get('apikey')
  if (key === null) return { ok: false, refusal: CONNECT_REFUSAL.keyMissing }
  const token = tokenOf(key)
  const check = await context.tokens.verify(token)
  if (!check.ok) return { ok: false, refusal: connectFailure(check.failure) }
  if (context.users.size >= context.settings.maxConcurrentUsers) {
    return { ok: false, refusal: CONNECT_REFUSAL.tooManyUsers }
  }
  if (context.rates.joins.triggered) return { ok: false, refusal: CONNECT_REFUSAL.tooManyJoins }
  return { ok: true, version, token, headers: customHeaders(headers) }
}

/** `~> 1.0.0` or `~> 2.0.0`; 1.0.0 when absent. */
function versionOf(vsn: string | null): ProtocolVersion | undefined {
  const match = /^([12])\.0\.(0|[1-9]\d*)$/.exec(vsn ?? '1.0.0')
  if (!match) return undefined
  return match[1] === '1' ? 1 : 2
}

/** Headers that policies may read: those of applications, as on hosted Supabase. */
function customHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const custom: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('x-') && typeof value === 'string') custom[name] = value
  }
  return custom
}
