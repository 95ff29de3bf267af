/** Settings of this function, from its environment. */

import { type DownloadConfig, readDownloadConfig } from '../_shared/download/config.ts'
import { type Environment, positive, text } from '../_shared/settings.ts'
import {
  formatOf,
  NAME as OPENAI_COMPATIBLE,
  type OpenAiCompatibleOptions,
  type ResponseFormat,
} from './providers/openai-compatible.ts'

export interface TranscriptionConfig {
  download: DownloadConfig
  /** Null: no service is configured; voice notes are kept, and their jobs say so. */
  provider: ProviderConfig | null
  /** Seconds of the longest recording that is sent. */
  maxSeconds: number
}

export type ProviderConfig = { kind: typeof OPENAI_COMPATIBLE } & OpenAiCompatibleOptions

const MB = 1024 * 1024
const DEFAULTS = {
  baseUrl: 'https://api.openai.com/v1',
  model: 'whisper-1',
  totalMs: 120_000,
  stallMs: 30_000,
  maxMb: 25,
  maxMinutes: 180,
} as const
const FORMATS: readonly ResponseFormat[] = ['json', 'verbose_json']

/** @throws TypeError for a setting that is malformed. */
export function readConfig(env: Environment): TranscriptionConfig {
  return {
    download: readDownloadConfig(env),
    provider: readProvider(env),
    maxSeconds: (positive(env, 'TRANSCRIPTION_MAX_MINUTES') ?? DEFAULTS.maxMinutes) * 60,
  }
}

function readProvider(env: Environment): ProviderConfig | null {
  const kind = text(env('TRANSCRIPTION_PROVIDER')) ?? OPENAI_COMPATIBLE
  if (kind !== OPENAI_COMPATIBLE) throw new TypeError('TRANSCRIPTION_PROVIDER names no provider')
  const apiKey = text(env('TRANSCRIPTION_API_KEY'))
  if (apiKey === undefined) return null
  const model = text(env('TRANSCRIPTION_MODEL')) ?? DEFAULTS.model
  const totalMs = positive(env, 'TRANSCRIPTION_TIMEOUT_MS') ?? DEFAULTS.totalMs
  return {
    kind,
    apiKey,
    model,
    baseUrl: baseUrl(text(env('TRANSCRIPTION_BASE_URL')) ?? DEFAULTS.baseUrl),
    responseFormat: responseFormat(text(env('TRANSCRIPTION_RESPONSE_FORMAT'))) ?? formatOf(model),
    stream: flag(text(env('TRANSCRIPTION_STREAM')), true),
    language: text(env('TRANSCRIPTION_LANGUAGE')),
    maxBytes: (positive(env, 'TRANSCRIPTION_MAX_MB') ?? DEFAULTS.maxMb) * MB,
    limits: { totalMs, stallMs: Math.min(DEFAULTS.stallMs, totalMs) },
  }
}

function baseUrl(value: string): URL {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new TypeError('TRANSCRIPTION_BASE_URL is not the address of an API')
  }
  return url
}

function responseFormat(value: string | undefined): ResponseFormat | undefined {
  if (value === undefined) return undefined
  const format = FORMATS.find((known) => known === value)
  if (format === undefined)
    throw new TypeError('TRANSCRIPTION_RESPONSE_FORMAT is neither json nor verbose_json')
  return format
}

function flag(value: string | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (value === 'true') return true
  if (value === 'false') return false
  throw new TypeError('TRANSCRIPTION_STREAM is neither true nor false')
}
