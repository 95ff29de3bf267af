/** Replays several recordings at a time, each against its own target. */

import { type PlayOptions, type PlayResult, play } from './player.ts'
import type { Recording } from './recording.ts'
import type { Target } from './target.ts'

export interface RunOptions extends PlayOptions {
  concurrency: number
  target: () => Promise<Target & AsyncDisposable>
  onResult: (result: PlayResult) => void
}

/** @returns results in the order of the recordings */
export async function runRecordings(recordings: Recording[], options: RunOptions): Promise<PlayResult[]> {
  const results = new Map<Recording, PlayResult>()
  // The longest first, so that a long one does not run alone at the end.
  const waiting = recordings.toSorted((a, b) => duration(b) - duration(a))
  const worker = async () => {
    for (let recording = waiting.shift(); recording; recording = waiting.shift()) {
      const result = await playOne(recording, options)
      results.set(recording, result)
      options.onResult(result)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, worker))
  return recordings.flatMap((recording) => results.get(recording) ?? [])
}

async function playOne(recording: Recording, options: RunOptions): Promise<PlayResult> {
  await using target = await options.target()
  // Awaited here, because the target is disposed of when this function ends.
  return await play(recording, target, options)
}

function duration({ steps }: Recording): number {
  return steps.at(-1)?.at ?? 0
}
