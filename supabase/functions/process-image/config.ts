/** Settings of this function, from its environment. All are optional. */

import { type DownloadConfig, readDownloadConfig } from '../_shared/download/config.ts'
import { type Environment, positive, text } from '../_shared/settings.ts'
import { DEFAULT_MEMORY_MB } from './memory.ts'

export interface ImageConfig {
  download: DownloadConfig
  memoryBytes: number
  /** Origin for signed URLs, where people reach the project at another address than functions do. */
  publicUrl: string | undefined
}

const MB = 1024 * 1024

/** @throws TypeError for a setting that is malformed. */
export function readConfig(env: Environment): ImageConfig {
  return {
    download: readDownloadConfig(env),
    memoryBytes: (positive(env, 'IMAGE_MEMORY_MB') ?? DEFAULT_MEMORY_MB) * MB,
    publicUrl: text(env('SUPABASE_PUBLIC_URL')),
  }
}
