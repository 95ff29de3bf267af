import { describe, expect, it } from 'vitest'
import type { ImageMessage } from '../../../functions-shared/message-types.ts'
import { applyMessage, type Incident, parseIncidents, summarise } from './incidents.ts'

const row = {
  id: 'incident-1',
  title: 'Rear-end collision',
  description: null,
  occurred_on: '2026-11-20',
  reporter_email: 'anna@example.com',
  created_at: '2026-11-23T10:00:00+00:00',
  answers: [
    { ref: 'a', question: 'What happened?', type: 'text', value: 'Bump' },
    { ref: 'b', question: 'Anyone hurt?', type: 'boolean', value: false },
    { ref: 'c', question: 'Photos', type: 'file_url', value: 'https://example.com/a.jpg' },
  ],
  documents: [document('document-1'), document('document-2')],
}

function document(id: string, job: object | null = null) {
  return {
    id,
    kind: 'photo',
    document_type: 'photo',
    file_name: 'front.jpg',
    content_type: null,
    byte_size: null,
    thumbnail_path: null,
    preview_path: null,
    width: null,
    height: null,
    job: job ?? {
      id: `job-of-${id}`,
      status: 'processing',
      progress: 20,
      stage: 'downloading',
      error_code: null,
      error: null,
      started_at: '2026-11-23T10:00:01.5+00:00',
      finished_at: null,
    },
  }
}

function message(fields: Partial<ImageMessage>): ImageMessage {
  return {
    type: 'image_processing_progress',
    jobId: 'job-of-document-1',
    incidentId: 'incident-1',
    documentId: 'document-1',
    documentType: 'photo',
    status: 'processing',
    timestamp: '2026-11-23T10:00:02.000Z',
    ...fields,
  }
}

function first(incidents: readonly Incident[]) {
  return incidents[0]?.documents[0]
}

describe('parseIncidents', () => {
  it('reads rows as the API gives them', () => {
    const [incident] = parseIncidents([row])
    expect(incident?.answers).toEqual([
      { question: 'What happened?', value: 'Bump' },
      { question: 'Anyone hurt?', value: 'No' },
    ])
    expect(incident?.documents[0]?.job).toEqual({
      id: 'job-of-document-1',
      status: 'processing',
      progress: 20,
      stage: 'downloading',
      errorCode: null,
      error: null,
      changedAt: '2026-11-23T10:00:01.500Z',
    })
  })

  it.each([null, {}, [null], [{ ...row, id: 5 }], [{ ...row, documents: null }]])('refuses %j', (data) => {
    expect(() => parseIncidents(data)).toThrow(TypeError)
  })
})

describe('applyMessage', () => {
  const incidents = parseIncidents([row])

  it('follows a job from progress to its end', () => {
    const working = applyMessage(incidents, message({ progress: 60, stage: 'resizing' })).incidents
    expect(first(working)?.job).toMatchObject({ status: 'processing', progress: 60, stage: 'resizing' })
    const done = applyMessage(
      working,
      message({
        type: 'image_processed',
        status: 'completed',
        signedUrl: 'http://x/y',
        timestamp: '2026-11-23T10:00:03.000Z',
      }),
    ).incidents
    expect(first(done)).toMatchObject({
      signedUrl: 'http://x/y',
      job: { status: 'completed', progress: 100, stage: null },
    })
    expect(done[0]?.documents[1]).toBe(incidents[0]?.documents[1])
  })

  it('shows why a job failed, and forgets it when the job is tried again', () => {
    const failed = applyMessage(
      incidents,
      message({
        type: 'image_processing_failed',
        status: 'failed',
        error: 'Broken.',
        errorCode: 'image_truncated',
      }),
    ).incidents
    expect(first(failed)?.job).toMatchObject({
      status: 'failed',
      error: 'Broken.',
      errorCode: 'image_truncated',
    })
    const again = applyMessage(
      failed,
      message({ status: 'pending', timestamp: '2026-11-23T10:00:09.000Z' }),
    ).incidents
    expect(first(again)?.job).toMatchObject({ status: 'queued', progress: 0, error: null, errorCode: null })
  })

  it('does not let an older message undo a newer state', () => {
    const done = applyMessage(
      incidents,
      message({ status: 'completed', timestamp: '2026-11-23T10:00:03.000Z' }),
    ).incidents
    expect(applyMessage(done, message({ progress: 40 })).incidents).toBe(done)
  })

  it('says when the document is not here', () => {
    expect(applyMessage(incidents, message({ documentId: 'elsewhere' }))).toEqual({
      incidents,
      unknown: true,
    })
  })
})

describe('summarise', () => {
  it('counts what is done, failed and open', () => {
    const job = (status: string, progress: number) => ({
      id: 'j',
      status,
      progress,
      stage: null,
      error_code: 'x',
      error: null,
      started_at: null,
      finished_at: null,
    })
    const documents = [
      document('1', job('completed', 100)),
      document('2', job('failed', 40)),
      document('3', job('queued', 0)),
      { ...document('4'), job: null },
    ]
    const [incident] = parseIncidents([{ ...row, documents }])
    expect(incident && summarise(incident)).toEqual({
      total: 3,
      completed: 1,
      failed: 1,
      open: 1,
      progress: 67,
    })
  })
})
