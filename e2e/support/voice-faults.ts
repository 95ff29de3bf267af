/**
 * Recordings at which the stand-in for the transcription service fails: it tells them by their size, which is
 * different for each test.
 */

import type { SimulatedCall, SimulatorFault, SimulatorOptions } from '../../stack/transcription/index.ts'

/** Faults of the calls for a recording, in order. Later calls succeed. */
const FAULTS = {
  'busy.wav': [{ kind: 'status', status: 429, retryAfterSeconds: 2 }],
  'failing.wav': [
    { kind: 'status', status: 500 },
    { kind: 'cut', after: 2 },
  ],
  'hanging.wav': [{ kind: 'hang' }],
  'stalling.wav': [{ kind: 'stall', after: 2 }],
  'held.wav': [{ kind: 'stall', after: 2 }],
  'refused.wav': [{ kind: 'status', status: 401, code: 'invalid_api_key' }],
} as const satisfies Record<string, readonly SimulatorFault[]>

export type FaultyRecording = keyof typeof FAULTS

export const FAULTY_RECORDINGS = Object.keys(FAULTS) as readonly FaultyRecording[]

/**
 * Milliseconds of a call to the service: one that never answers must not hold up the suite, and one that streams at
 * its usual pace on a busy machine must not be taken for that.
 */
export const TRANSCRIPTION_TIMEOUT_MS = 6000

export const BYTES_PER_SECOND = 16_000

/** Seconds of silence, each of its own length. */
export function faultyRecording(name: FaultyRecording): Buffer {
  return silentRecording(BYTES_PER_SECOND + FAULTY_RECORDINGS.indexOf(name) * 160)
}

/** A WAV file with so many bytes of silence, an even number: half a second is {@link BYTES_PER_SECOND} / 2. */
export function silentRecording(size: number): Buffer {
  const bytes = Buffer.alloc(44 + size)
  bytes.write('RIFF', 0, 'latin1')
  bytes.writeUInt32LE(36 + size, 4)
  bytes.write('WAVEfmt ', 8, 'latin1')
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(8000, 24)
  bytes.writeUInt32LE(BYTES_PER_SECOND, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36, 'latin1')
  bytes.writeUInt32LE(size, 40)
  return bytes
}

/** For `createStack`. */
export function faultsBySize(): NonNullable<SimulatorOptions['faults']> {
  const calls = new Map<number, number>()
  const names = new Map(FAULTY_RECORDINGS.map((name) => [faultyRecording(name).length, name]))
  return ({ bytes }: SimulatedCall) => {
    const name = names.get(bytes)
    if (name === undefined) return undefined
    const call = calls.get(bytes) ?? 0
    calls.set(bytes, call + 1)
    return FAULTS[name][call]
  }
}
