/** Messages as they come from the database. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'

/** A UUID that is told apart by its number. */
export function id(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

const MINUTE = 60_000

/** @param at ISO 8601 of the newest; each of the others is some minutes older. Oldest first. */
export function aDay(at: string): JobMessage[] {
  const common = (job: number, minutesAgo: number) => ({
    jobId: id(job),
    incidentId: id(900 + (job % 3)),
    timestamp: new Date(Date.parse(at) - minutesAgo * MINUTE).toISOString(),
  })
  return [
    {
      ...common(10, 4_400),
      type: 'image_processed',
      documentId: id(510),
      documentType: 'photo',
      status: 'completed',
    },
    {
      ...common(9, 1_500),
      type: 'transcription_failed',
      transcriptionId: id(609),
      documentId: id(509),
      queueId: null,
      status: 'failed',
      error: 'The recording holds no speech.',
      errorCode: 'no_speech',
    },
    {
      ...common(8, 190),
      type: 'status_update',
      updateType: 'vehicle_lookup',
      resource: 'XK-218-D',
      status: 'completed',
    },
    {
      ...common(7, 64),
      type: 'image_processed',
      documentId: id(507),
      documentType: 'attachment',
      status: 'completed',
    },
    {
      ...common(6, 42),
      type: 'transcription_complete',
      transcriptionId: id(606),
      documentId: id(506),
      queueId: null,
      status: 'completed',
      duration: 83,
      wordCount: 212,
    },
    {
      ...common(5, 12),
      type: 'pdf_generated',
      reportId: id(705),
      status: 'completed',
      fileSize: 2_310_000,
      pdfUrl: 'https://files.example/report.pdf',
    },
    {
      ...common(4, 9),
      type: 'image_processing_failed',
      documentId: id(504),
      documentType: 'photo',
      status: 'failed',
      error: 'The image file is incomplete.',
      errorCode: 'image_truncated',
    },
    {
      ...common(3, 6),
      type: 'image_processed',
      documentId: id(503),
      documentType: 'photo',
      status: 'completed',
    },
    {
      ...common(2, 3),
      type: 'image_processing_started',
      documentId: id(502),
      documentType: 'photo',
      status: 'processing',
      revision: 1,
    },
  ]
}

export const DOCUMENT_NAMES: readonly [string, string][] = [
  [id(510), 'street-at-dusk.jpg'],
  [id(509), 'voice-message.m4a'],
  [id(507), 'police-report.pdf'],
  [id(506), 'statement-of-the-driver.ogg'],
  [id(504), 'bumper-close-up.jpg'],
  [id(503), 'front-damage.jpg'],
  [id(502), 'intersection-from-above.jpg'],
]

export const INCIDENT_TITLES: readonly [string, string][] = [
  [id(900), 'Rear-end collision on Elm Street'],
  [id(901), 'Parking damage at the harbour'],
  [id(902), 'Crossing of 5th and Main'],
]

/** Photos that are ready, each a job of its own. */
export function photos(count: number, from = 10_000): JobMessage[] {
  return Array.from({ length: count }, (_, n) => ({
    jobId: id(from + n),
    incidentId: id(900),
    timestamp: '2026-11-25T12:00:00.000Z',
    type: 'image_processed' as const,
    documentId: id(20_000 + from + n),
    documentType: 'photo',
    status: 'completed' as const,
  }))
}
