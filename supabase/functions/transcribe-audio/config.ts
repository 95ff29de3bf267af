/** Settings of this function, from its environment. */

import * as v from 'valibot'
import type { AudioType } from '../../../functions-shared/file-type.ts'
import { readDownloadConfig } from '../_shared/download/config.ts'
import type { DownloadSettings } from '../_shared/download/download.ts'
import {
  type Environment,
  listSetting,
  optionalSetting,
  positiveSetting,
  readSettings,
  setting,
} from '../_shared/settings.ts'
import {
  NAME as OPENAI_COMPATIBLE,
  type OpenAiCompatibleOptions,
  RESPONSE_FORMATS,
  responseFormatFor,
} from './providers/openai-compatible.ts'

export interface TranscriptionConfig {
  download: DownloadSettings
  /** Null where no service is configured: voice notes are kept, and their jobs fail with a code that says so. */
  provider: ProviderConfig | null
  /** Seconds of the longest recording that is sent. */
  maxSeconds: number
  /** Formats that the service takes beyond the usual ones. */
  extraFormats: ReadonlySet<AudioType>
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

const NOT_AN_API = 'is not the address of an API'
const apiAddress = v.pipe(
  v.string(),
  v.url(NOT_AN_API),
  v.transform((text) => new URL(text)),
  v.check(
    ({ protocol, search, hash }) => /^https?:$/.test(protocol) && search === '' && hash === '',
    NOT_AN_API,
  ),
)

const SETTINGS = {
  TRANSCRIPTION_PROVIDER: setting(v.picklist([OPENAI_COMPATIBLE], 'names no provider')),
  TRANSCRIPTION_API_KEY: optionalSetting,
  TRANSCRIPTION_BASE_URL: setting(apiAddress),
  TRANSCRIPTION_MODEL: optionalSetting,
  TRANSCRIPTION_RESPONSE_FORMAT: setting(v.picklist(RESPONSE_FORMATS, 'is neither json nor verbose_json')),
  TRANSCRIPTION_STREAM: setting(v.picklist(['true', 'false'], 'is neither true nor false')),
  TRANSCRIPTION_LANGUAGE: optionalSetting,
  TRANSCRIPTION_TIMEOUT_MS: positiveSetting,
  TRANSCRIPTION_MAX_MB: positiveSetting,
  TRANSCRIPTION_MAX_MINUTES: positiveSetting,
  TRANSCRIPTION_EXTRA_FORMATS: v.pipe(
    listSetting,
    v.array(v.picklist(['amr', 'caf'], 'is neither amr nor caf')),
  ),
}

/** @throws TypeError for a malformed setting. */
export function readConfig(env: Environment): TranscriptionConfig {
  const settings = readSettings(SETTINGS, env)
  const model = settings.TRANSCRIPTION_MODEL ?? DEFAULTS.model
  const totalMs = settings.TRANSCRIPTION_TIMEOUT_MS ?? DEFAULTS.totalMs
  const apiKey = settings.TRANSCRIPTION_API_KEY
  return {
    download: readDownloadConfig(env),
    maxSeconds: (settings.TRANSCRIPTION_MAX_MINUTES ?? DEFAULTS.maxMinutes) * 60,
    extraFormats: new Set(settings.TRANSCRIPTION_EXTRA_FORMATS),
    provider:
      apiKey === undefined
        ? null
        : {
            kind: settings.TRANSCRIPTION_PROVIDER ?? OPENAI_COMPATIBLE,
            apiKey,
            model,
            baseUrl: settings.TRANSCRIPTION_BASE_URL ?? new URL(DEFAULTS.baseUrl),
            responseFormat: settings.TRANSCRIPTION_RESPONSE_FORMAT ?? responseFormatFor(model),
            stream: settings.TRANSCRIPTION_STREAM !== 'false',
            language: settings.TRANSCRIPTION_LANGUAGE,
            maxBytes: (settings.TRANSCRIPTION_MAX_MB ?? DEFAULTS.maxMb) * MB,
            limits: { totalMs, stallMs: Math.min(DEFAULTS.stallMs, totalMs) },
          },
  }
}
