/** Settings of downloads, from the environment of whichever function downloads. All are optional. */

import { type Environment, list, positive, text } from '../settings.ts'
import { DEFAULT_LIMITS, type DownloadLimits } from './download.ts'

export interface DownloadConfig {
  limits: DownloadLimits
  trustedOrigins: ReadonlySet<string>
  typeformToken: string | undefined
}

/** @throws TypeError for a number or an origin that is none: a typo must not loosen a limit unseen. */
export function readDownloadConfig(env: Environment): DownloadConfig {
  const totalMs = positive(env, 'DOWNLOAD_TIMEOUT_MS') ?? DEFAULT_LIMITS.totalMs
  return {
    limits: {
      ...DEFAULT_LIMITS,
      totalMs,
      connectMs: Math.min(DEFAULT_LIMITS.connectMs, totalMs),
      stallMs: Math.min(DEFAULT_LIMITS.stallMs, totalMs),
    },
    trustedOrigins: new Set(list(env('DOWNLOAD_ALLOWED_ORIGINS')).map(origin)),
    typeformToken: text(env('TYPEFORM_ACCESS_TOKEN')),
  }
}

function origin(value: string): string {
  const url = URL.parse(value)
  if (url === null || url.origin !== value.replace(/\/$/, '')) {
    throw new TypeError('DOWNLOAD_ALLOWED_ORIGINS has an entry that is not an origin')
  }
  return url.origin
}
