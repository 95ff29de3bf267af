import { expect, it } from 'vitest'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { parseIncidents } from '../records.ts'
import { timelineOf } from './timeline-events.ts'

const [incident] = parseIncidents(
  [
    {
      id: 'i',
      user_id: 'u',
      title: 'Crash',
      created_at: '2026-11-23T10:00:00+00:00',
      reporter_email: 'a@b.test',
      documents: [
        {
          id: 'd',
          kind: 'photo',
          document_type: 'photo',
          file_name: 'front.jpg',
          created_at: '2026-11-23T10:00:00.1+00:00',
          job: { id: 'j', status: 'completed', finished_at: '2026-11-23T10:00:09+00:00', revision: 4 },
        },
      ],
    },
  ],
  true,
)

function message(type: JobMessage['type'], status: string, second: number, seq: number): JobMessage {
  const timestamp = `2026-11-23T10:00:0${second}.000Z`
  return {
    type,
    status,
    timestamp,
    seq,
    epoch: 'e',
    jobId: 'j',
    incidentId: 'i',
    documentId: 'd',
  } as JobMessage
}

it('makes events of rows where there are no notifications', () => {
  expect(incident && timelineOf(incident, []).map(({ title, detail }) => `${title}: ${detail}`)).toEqual([
    'Ready: front.jpg',
    'File added: front.jpg',
    'Reported: a@b.test',
  ])
})

it('says since when a file is kept unchanged', () => {
  const kept = incident?.documents.map((document) => ({ ...document, receivedAt: '2026-11-23T10:00:02Z' }))
  const events = incident && kept && timelineOf({ ...incident, documents: kept }, [])
  expect(events?.[1]?.detail).toMatch(/^front\.jpg · kept unchanged since .*2026/)
})

it('prefers a notification to the row that tells of the same event', () => {
  const messages = [
    message('image_processing_started', 'processing', 1, 1),
    message('image_processing_failed', 'failed', 2, 2),
    message('image_processed', 'completed', 9, 3),
  ]
  expect(incident && timelineOf(incident, messages).map(({ title }) => title)).toEqual([
    'Ready',
    'Failed',
    'Processing started',
    'File added',
    'Reported',
  ])
})
