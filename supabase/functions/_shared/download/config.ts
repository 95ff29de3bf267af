/** Settings of downloads, from the environment of each function that downloads. All are optional. */

import * as v from 'valibot'
import { type Environment, listSetting, optionalSetting, positiveSetting, readSettings } from '../settings.ts'
import { DEFAULT_LIMITS, type DownloadSettings, TYPEFORM_ORIGINS } from './download.ts'

const NOT_AN_ORIGIN = 'has an entry that is not an origin'
const origin = v.pipe(
  v.string(),
  v.check(
    (text) => !text.includes('*') && URL.parse(text)?.origin === text.replace(/\/$/, ''),
    NOT_AN_ORIGIN,
  ),
  v.transform((text) => new URL(text).origin),
)

const secureOrigin = v.pipe(origin, v.startsWith('https://', 'has an entry that is not https'))

const SETTINGS = {
  DOWNLOAD_TIMEOUT_MS: positiveSetting,
  DOWNLOAD_ALLOWED_ORIGINS: v.pipe(listSetting, v.array(origin)),
  TYPEFORM_ACCESS_TOKEN: optionalSetting,
  TYPEFORM_API_ORIGINS: v.pipe(listSetting, v.array(secureOrigin)),
}

/** @throws TypeError for a malformed setting, so that a misspelt limit is never ignored. */
export function readDownloadConfig(env: Environment): DownloadSettings {
  const settings = readSettings(SETTINGS, env)
  const totalMs = settings.DOWNLOAD_TIMEOUT_MS ?? DEFAULT_LIMITS.totalMs
  return {
    limits: {
      ...DEFAULT_LIMITS,
      totalMs,
      connectMs: Math.min(DEFAULT_LIMITS.connectMs, totalMs),
      stallMs: Math.min(DEFAULT_LIMITS.stallMs, totalMs),
    },
    trustedOrigins: new Set(settings.DOWNLOAD_ALLOWED_ORIGINS),
    typeformToken: settings.TYPEFORM_ACCESS_TOKEN,
    tokenOrigins: new Set([...TYPEFORM_ORIGINS, ...settings.TYPEFORM_API_ORIGINS]),
  }
}
