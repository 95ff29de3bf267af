/** Whether a WebSocket upgrade is admitted. */

import type { IncomingHttpHeaders } from 'node:http'
import { isBrowser } from '../keys/browser.ts'
import type { KeyReader } from './api-keys.ts'
import type { RealtimeContext } from './context.ts'
import { tokenRefusal, UPGRADE_REFUSAL, type UpgradeRefusal } from './errors.ts'
import type { ProtocolVersion } from './protocol/serializer.ts'

export type Admission =
  | { ok: true; version: ProtocolVersion; token: string; headers: Record<string, string> }
  | { ok: false; refusal: UpgradeRefusal }

/** @param url path and query of the request */
export async function admitConnection(
  context: RealtimeContext,
  url: string,
  headers: IncomingHttpHeaders,
  keys: KeyReader,
): Promise<Admission> {
  const query = new URL(url, 'http://localhost').searchParams
  const version = versionOf(query.get('vsn'))
  if (!version) return refuse(UPGRADE_REFUSAL.unknownVersion)
  if (context.settings.suspended) return refuse(UPGRADE_REFUSAL.suspended)
  const header = headers['x-api-key']
  const key = (typeof header === 'string' ? header : undefined) ?? query.get('apikey')
  if (key === null) return refuse(UPGRADE_REFUSAL.keyMissing)
  // Browsers send Origin with every upgrade, and pages cannot leave it out.
  if (keys.isSecret(key) && (headers.origin !== undefined || isBrowser(headers['user-agent']))) {
    return refuse(UPGRADE_REFUSAL.secretKeyInBrowser)
  }
  const token = keys.tokenOf(key)
  const check = await context.tokens.verify(token)
  if (!check.ok) return refuse(tokenRefusal(check.failure).upgrade)
  if (context.users.size >= context.settings.maxConcurrentUsers) return refuse(UPGRADE_REFUSAL.tooManyUsers)
  if (context.rates.joins.triggered) return refuse(UPGRADE_REFUSAL.tooManyJoins)
  return { ok: true, version, token, headers: customHeaders(headers) }
}

function refuse(refusal: UpgradeRefusal): Admission {
  return { ok: false, refusal }
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
