/** The sample voice notes, as bytes and as what the work makes of them. */

import { readAudioFacts } from '../../../../functions-shared/audio/facts.ts'
import { AUDIO_TYPES, type AudioType } from '../../../../functions-shared/file-type.ts'
import type { Recording } from '../providers/provider.ts'

const FOLDER = new URL('../../../../samples/voice-notes/', import.meta.url)

export function readNote(file: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(file, FOLDER))
}

export function recording(file: string, type: AudioType): Recording {
  const bytes = readNote(file)
  const facts = readAudioFacts(bytes, type)
  if (facts === null) throw new Error(`${file} is no ${type}`)
  return { content: bytes, size: bytes.length, facts, ...AUDIO_TYPES[type] }
}
