/** The text that stands in for a transcript, in pieces, as the measurement proceeds. */

import { measure } from './level.ts'
import { decode } from './pcm.ts'
import type { TranscriptionRequest } from './request.ts'
import { describeRecording, describeRest, describeStretch, LEVEL_UNKNOWN, NOTICE } from './wording.ts'

/** Further stretches are only counted. */
const MAX_STRETCHES = 40

/** @param signal ends the measurement, also during a long stretch */
export async function* transcribe(
  { bytes, type, facts }: Pick<TranscriptionRequest, 'bytes' | 'type' | 'facts'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield NOTICE
  yield describeRecording(facts)
  const sound = decode(bytes, type, facts, signal)
  if (sound === null) {
    yield LEVEL_UNKNOWN
    return
  }
  let count = 0
  for await (const stretch of measure(sound)) {
    count += 1
    // The decoder returns a little more than the recording.
    const end = Math.min(stretch.end, facts.duration)
    if (count <= MAX_STRETCHES) yield describeStretch({ ...stretch, end })
  }
  if (count > MAX_STRETCHES) yield describeRest(count - MAX_STRETCHES)
}
