/** Settings of this function, from its environment. All are optional. */

import { readDownloadConfig } from '../_shared/download/config.ts'
import type { DownloadSettings } from '../_shared/download/download.ts'
import { type Environment, optionalSetting, positiveSetting, readSettings } from '../_shared/settings.ts'
import { DEFAULT_MEMORY_MB } from './memory.ts'

export interface ImageConfig {
  download: DownloadSettings
  memoryBytes: number
  /** Origin of signed URLs, for a project that browsers reach at another address than functions do. */
  publicUrl: string | undefined
}

const MB = 1024 * 1024
const SETTINGS = { IMAGE_MEMORY_MB: positiveSetting, SUPABASE_PUBLIC_URL: optionalSetting }

/** @throws TypeError for a malformed setting. */
export function readConfig(env: Environment): ImageConfig {
  const settings = readSettings(SETTINGS, env)
  return {
    download: readDownloadConfig(env),
    memoryBytes: (settings.IMAGE_MEMORY_MB ?? DEFAULT_MEMORY_MB) * MB,
    publicUrl: settings.SUPABASE_PUBLIC_URL,
  }
}
