/** Voice notes that are turned into text. */

import * as v from 'valibot'
import { defineKind, field } from '../definitions/kind.ts'

export const transcription = defineKind({
  kind: 'transcription',
  typeName: 'TranscriptionMessage',
  functionName: 'transcribe-audio',
  about:
    'A voice note of an incident: the original is kept byte for byte, and its text is recognised by a transcription service.',
  types: {
    queued: 'transcription_queued',
    started: 'transcription_processing',
    progress: 'transcription_progress',
    completed: 'transcription_complete',
    failed: 'transcription_failed',
  },
  subject: {
    transcriptionId: field(v.string(), 'Id of the transcription.', '6c2e8b14-7d3f-4a59-b0c1-5e8f9a7d3b07'),
  },
  input: {
    documentId: v.exactOptional(
      field(v.string(), 'Id of the document that is the voice note.', '9a6d1f60-0b6e-4b3a-8f1e-2c9b7e4d1a05'),
    ),
  },
  always: {
    queueId: field(
      v.nullable(v.string()),
      'Id of the queue of this one transcription. The messages also go to `queue:<queueId>`.',
      'c1f7a9d2-3b44-4c0e-9d0a-7d5a3e8b4c03',
    ),
  },
  partial: {
    text: v.exactOptional(
      field(
        v.string(),
        'On progress messages: what has been recognised so far, at most its last 4,000 characters. Plain text.',
        'I was waiting at the lights when',
      ),
    ),
  },
  result: {
    duration: v.exactOptional(field(v.number(), 'Length of the recording in seconds.', 75.2)),
    wordCount: v.exactOptional(field(v.number(), 'Words of the transcript.', 140)),
    simulated: v.exactOptional(
      field(
        v.boolean(),
        'True where no transcription service was configured: no speech was recognised, and the transcript says so.',
        false,
      ),
    ),
  },
  required: ['transcriptionId'],
  words: {
    noun: 'Voice note',
    topic: 'voice',
    choice: 'Voice notes',
    titles: { processing: 'Transcribing voice note', completed: 'Voice note transcribed' },
    timeline: { started: 'Transcription started', failed: 'Transcription failed' },
    result: [
      { field: 'wordCount', as: { plural: 'word' } },
      { field: 'duration', as: 'duration' },
    ],
  },
})
