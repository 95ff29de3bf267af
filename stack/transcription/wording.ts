/** Sentences of the stand-in: first that no speech was recognised, then the measurements. */

import type { AudioFacts } from '../../functions-shared/audio/audio-facts.ts'
import type { Stretch } from './level.ts'

export const NOTICE =
  '[Simulated transcript. No speech was recognised: no transcription service is configured. What follows was measured.]'

export function describeRecording({ codec, sampleRate, duration }: AudioFacts): string {
  const rate = sampleRate === null ? '' : ` at ${sampleRate} Hz`
  return `Recording of ${duration.toFixed(1)} seconds, ${codec}${rate}.`
}

export function describeStretch({ start, end, level }: Stretch): string {
  const times = `${clock(start)} to ${clock(end)}`
  return level === null ? `${times}: silence.` : `${times}: sound, ${level} dBFS on average.`
}

export const LEVEL_UNKNOWN = 'Its level cannot be measured here.'

export function describeRest(count: number): string {
  return `And ${count} more stretches of sound and silence.`
}

/** `1:02.5` */
function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  const minutes = Math.floor(tenths / 600)
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0')
  return `${minutes}:${rest}`
}
