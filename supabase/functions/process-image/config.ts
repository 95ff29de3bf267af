/** Settings of this function, from its environment. All are optional. */

import { DEFAULT_LIMITS, type DownloadLimits } from './download.ts'
import { DEFAULT_MEMORY_MB } from './memory.ts'

export interface ImageConfig {
  download: {
    limits: DownloadLimits
    trustedOrigins: ReadonlySet<string>
    typeformToken: string | undefined
  }
  memoryBytes: number
  /** Origin for signed URLs, where people reach the project at another address than functions do. */
  publicUrl: string | undefined
}

const MB = 1024 * 1024

/** @throws TypeError for a number or an origin that is none: a typo must not loosen a limit unseen. */
export function readConfig(env: (name: string) => string | undefined): ImageConfig {
  const totalMs = positive(env, 'DOWNLOAD_TIMEOUT_MS') ?? DEFAULT_LIMITS.totalMs
  return {
    download: {
      limits: {
        ...DEFAULT_LIMITS,
        totalMs,
        connectMs: Math.min(DEFAULT_LIMITS.connectMs, totalMs),
        stallMs: Math.min(DEFAULT_LIMITS.stallMs, totalMs),
      },
      trustedOrigins: new Set(list(env('DOWNLOAD_ALLOWED_ORIGINS')).map(origin)),
      typeformToken: text(env('TYPEFORM_ACCESS_TOKEN')),
    },
    memoryBytes: (positive(env, 'IMAGE_MEMORY_MB') ?? DEFAULT_MEMORY_MB) * MB,
    publicUrl: text(env('SUPABASE_PUBLIC_URL')),
  }
}

function positive(env: (name: string) => string | undefined, name: string): number | undefined {
  const value = text(env(name))
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new TypeError(`${name} is not a positive whole number`)
  return number
}

function origin(value: string): string {
  const url = URL.parse(value)
  if (url === null || url.origin !== value.replace(/\/$/, '')) {
    throw new TypeError('DOWNLOAD_ALLOWED_ORIGINS has an entry that is not an origin')
  }
  return url.origin
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim() ?? ''
  return trimmed === '' ? undefined : trimmed
}
