// Written by `npm run messages` from functions-shared/kinds and functions-shared/definitions. Do not edit.
/** What people read about jobs: titles of toasts and inbox items, lines of the live log and of the timeline. */

import type { JobState, KindWords } from './definitions/kind-words.ts'
import type { JobMessage, JobMessageFamily } from './message-types.ts'

const IMAGE_WORDS: KindWords = {
  default: {
    topic: 'photo',
    titles: {
      queued: 'Photo queued',
      processing: 'Processing photo',
      completed: 'Photo ready',
      failed: 'Photo failed',
    },
  },
  variants: [
    {
      field: 'documentType',
      matches: /attachment|pdf|file/i,
      topic: 'file',
      titles: {
        queued: 'Attachment queued',
        processing: 'Processing attachment',
        completed: 'Attachment ready',
        failed: 'Attachment failed',
      },
    },
  ],
}

const PDF_WORDS: KindWords = {
  default: {
    topic: 'report',
    titles: {
      queued: 'Report queued',
      processing: 'Making report',
      completed: 'Report ready',
      failed: 'Report failed',
    },
  },
  result: [{ field: 'fileSize', as: 'bytes' }],
}

const STATUS_WORDS: KindWords = { own: { title: ['updateType', 'resource'], detail: 'status' } }

const TRANSCRIPTION_WORDS: KindWords = {
  default: {
    topic: 'voice',
    titles: {
      queued: 'Voice note queued',
      processing: 'Transcribing voice note',
      completed: 'Voice note transcribed',
      failed: 'Voice note failed',
    },
  },
  result: [
    { field: 'wordCount', as: { plural: 'word' } },
    { field: 'duration', as: 'duration' },
  ],
}

/** The words of a message's kind. */
export const WORDS_BY_TYPE: Readonly<Record<JobMessage['type'], KindWords>> = {
  image_processing_started: IMAGE_WORDS,
  image_processing_progress: IMAGE_WORDS,
  image_processed: IMAGE_WORDS,
  image_processing_failed: IMAGE_WORDS,
  pdf_generation_started: PDF_WORDS,
  pdf_generation_progress: PDF_WORDS,
  pdf_generated: PDF_WORDS,
  pdf_generation_failed: PDF_WORDS,
  status_update: STATUS_WORDS,
  transcription_queued: TRANSCRIPTION_WORDS,
  transcription_processing: TRANSCRIPTION_WORDS,
  transcription_progress: TRANSCRIPTION_WORDS,
  transcription_complete: TRANSCRIPTION_WORDS,
  transcription_failed: TRANSCRIPTION_WORDS,
}

/** Names of the kinds where people choose among them, in that order. */
export const KIND_CHOICES: readonly (readonly [JobMessageFamily, string])[] = [
  ['image', 'Photos and files'],
  ['transcription', 'Voice notes'],
  ['pdf', 'Reports'],
  ['status', 'Status updates'],
]

/** A line of the live log. */
export const LOG_TITLES: Readonly<Record<JobMessage['type'], string>> = {
  image_processing_started: 'Photo started',
  image_processing_progress: 'Photo in progress',
  image_processed: 'Photo ready',
  image_processing_failed: 'Photo failed',
  pdf_generation_started: 'Report started',
  pdf_generation_progress: 'Report in progress',
  pdf_generated: 'Report ready',
  pdf_generation_failed: 'Report failed',
  status_update: 'Status update',
  transcription_queued: 'Voice note queued',
  transcription_processing: 'Voice note started',
  transcription_progress: 'Voice note in progress',
  transcription_complete: 'Voice note transcribed',
  transcription_failed: 'Voice note failed',
}

/** A line of an incident's timeline; none for progress and for messages that bring their own words. */
export const TIMELINE_TITLES: Readonly<
  Partial<Record<JobMessage['type'], readonly [title: string, state: JobState]>>
> = {
  image_processing_started: ['Processing started', 'processing'],
  image_processed: ['Ready', 'completed'],
  image_processing_failed: ['Failed', 'failed'],
  pdf_generation_started: ['Report started', 'processing'],
  pdf_generated: ['Report ready', 'completed'],
  pdf_generation_failed: ['Report failed', 'failed'],
  transcription_queued: ['Voice note queued', 'queued'],
  transcription_processing: ['Transcription started', 'processing'],
  transcription_complete: ['Voice note transcribed', 'completed'],
  transcription_failed: ['Transcription failed', 'failed'],
}
