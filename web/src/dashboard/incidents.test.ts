import { describe, expect, it } from 'vitest'
import type { ImageMessage, JobMessage } from '../../../functions-shared/message-types.ts'
import { applyMessage, documentName, failedJobs, summarise } from './incidents.ts'
import { type Incident, parseIncidents } from './records.ts'

const row = {
  id: 'incident-1',
  user_id: 'owner-1',
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
    created_at: '2026-11-23T10:00:00+00:00',
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
      revision: 3,
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
    const [incident] = parseIncidents([row], true)
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
      revision: 3,
    })
  })

  it.each([null, {}, [null], [{ ...row, id: 5 }], [{ ...row, documents: null }]])('refuses %j', (data) => {
    expect(() => parseIncidents(data, true)).toThrow(TypeError)
  })
})

describe('the metadata of a file', () => {
  const photo = (metadata: unknown) =>
    parseIncidents([{ ...row, documents: [{ ...document('1'), metadata }] }], true)[0]?.documents[0]

  it('is read where its values have the expected types', () => {
    expect(
      photo({
        takenAt: '2026-11-20T17:42:10',
        camera: { make: 'Canon', model: 'Canon EOS R5' },
        position: { latitude: 48.1, longitude: -11.5, altitude: 520 },
      }),
    ).toMatchObject({
      takenAt: '2026-11-20T17:42:10',
      camera: 'Canon EOS R5',
      position: { latitude: 48.1, longitude: -11.5, altitude: 520 },
    })
  })

  it('is the title and the number of pages of a PDF', () => {
    const pdf = { kind: 'pdf', pages: 2, title: 'Estimate', active: true, preview: 'none' }
    expect(photo(pdf)).toMatchObject({ pageCount: 2, note: 'Estimate', active: true })
    expect(photo({ title: 'Estimate' })).toMatchObject({ note: null, active: false })
  })

  it.each([null, 'x', { camera: 'x', position: { latitude: 'x' }, takenAt: 5 }])(
    'is nothing in %j',
    (metadata) => {
      expect(photo(metadata)).toMatchObject({ takenAt: null, camera: null, position: null })
    },
  )
})

describe('files of one name', () => {
  const named = (id: string, file_name: string, fields: object = {}) => ({
    ...document(id),
    file_name,
    ...fields,
  })
  const documentsOf = (...documents: object[]) =>
    parseIncidents([{ ...row, documents }], true)[0]?.documents ?? []

  it('have their numbers in the form, and the question that they answer', () => {
    const documents = documentsOf(
      named('1', 'image.jpg', { source_ref: 'c' }),
      named('2', 'IMAGE.jpg', { source_ref: 'unknown' }),
      named('3', 'other.jpg'),
    )
    expect(documents.map(documentName)).toEqual(['image.jpg (1 of 2)', 'IMAGE.jpg (2 of 2)', 'other.jpg'])
    expect(documents.map(({ question }) => question)).toEqual(['Photos', null, null])
    // A download has the name that the file was sent with.
    expect(documents.map(({ fileName }) => fileName)).toEqual(['image.jpg', 'IMAGE.jpg', 'other.jpg'])
  })
})

describe('applyMessage', () => {
  const incidents = parseIncidents([row], true)

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

  it('takes over why a job failed, and drops the reason when the job is tried again', () => {
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

  it('ignores a message that is older than the state', () => {
    const done = applyMessage(
      incidents,
      message({ status: 'completed', timestamp: '2026-11-23T10:00:03.000Z' }),
    ).incidents
    expect(applyMessage(done, message({ progress: 40 })).incidents).toBe(done)
  })

  it('compares revisions before times', () => {
    const newer = message({ progress: 90, revision: 5, timestamp: '2026-11-23T09:00:00.000Z' })
    const after = applyMessage(incidents, newer).incidents
    expect(first(after)?.job).toMatchObject({ progress: 90, revision: 5 })
    const older = message({ progress: 10, revision: 4, timestamp: '2026-11-23T11:00:00.000Z' })
    expect(applyMessage(after, older).incidents).toBe(after)
  })

  it('reports a document that has not been read as unknown', () => {
    expect(applyMessage(incidents, message({ documentId: 'elsewhere', jobId: 'elsewhere' }))).toEqual({
      incidents,
      unknown: true,
    })
  })
})

describe('voice notes and reports', () => {
  const audio = { ...document('audio-1'), kind: 'audio' }
  const [incident] = parseIncidents(
    [
      {
        ...row,
        documents: [audio],
        transcriptions: [
          {
            id: 't-1',
            document_id: 'audio-1',
            text: null,
            segments: [{ start: 0, end: 2, text: ' Hello ' }, { start: 'x' }],
            simulated: true,
            job: audio.job,
          },
        ],
        reports: [{ id: 'r-1', origin: 'automatic', created_at: '2026-11-23T10:01:00+00:00', job: null }],
      },
    ],
    true,
  )
  const incidents = incident === undefined ? [] : [incident]
  const common = { incidentId: 'incident-1', timestamp: '2026-11-23T10:00:05.000Z', revision: 9 }

  it('are read without the values of an unexpected type', () => {
    expect(incident?.transcriptions[0]).toMatchObject({
      simulated: true,
      segments: [{ start: 0, text: 'Hello' }],
    })
    expect(incident?.reports[0]).toMatchObject({ automatic: true, job: null })
  })

  it('take over the text recognised so far, and the state of the job', () => {
    const progress: JobMessage = {
      ...common,
      type: 'transcription_progress',
      jobId: 'job-of-audio-1',
      transcriptionId: 't-1',
      queueId: null,
      status: 'processing',
      progress: 40,
      text: 'Hello the',
    }
    const after = applyMessage(incidents, progress).incidents[0]
    expect(after?.transcriptions[0]).toMatchObject({ text: 'Hello the', job: { progress: 40 } })
    expect(after?.documents[0]?.job).toMatchObject({ progress: 40 })
  })

  it('follow a report from its first message to its size', () => {
    const begun: JobMessage = {
      ...common,
      type: 'pdf_generation_started',
      jobId: 'job-r',
      reportId: 'r-1',
      status: 'generating',
    }
    const working = applyMessage(incidents, begun).incidents
    expect(working[0]?.reports[0]?.job).toMatchObject({ id: 'job-r', status: 'processing' })
    const done: JobMessage = {
      ...begun,
      type: 'pdf_generated',
      status: 'completed',
      fileSize: 99,
      revision: 10,
    }
    expect(applyMessage(working, done).incidents[0]?.reports[0]).toMatchObject({
      fileSize: 99,
      job: { status: 'completed', progress: 100 },
    })
  })

  it('that have not been read are reported as unknown', () => {
    const unknown: JobMessage = {
      ...common,
      type: 'pdf_generation_started',
      jobId: 'job-x',
      reportId: 'r-2',
      status: 'generating',
    }
    expect(applyMessage(incidents, unknown).unknown).toBe(true)
    expect(applyMessage(incidents, { ...unknown, incidentId: 'elsewhere' }).unknown).toBe(true)
  })
})

describe('failedJobs', () => {
  it('are those of failed documents and of the latest report, but not of an older report', () => {
    const failed = (id: string) => ({ id, status: 'failed', progress: 0, error_code: 'x', revision: 1 })
    const report = (id: string, created_at: string, job: object) => ({
      id,
      origin: 'requested',
      created_at,
      job,
    })
    const [incident] = parseIncidents(
      [
        {
          ...row,
          documents: [document('1', failed('job-1')), document('2')],
          reports: [
            report('old', '2026-11-23T10:00:00+00:00', failed('job-old')),
            report('new', '2026-11-23T11:00:00+00:00', failed('job-new')),
          ],
        },
      ],
      true,
    )
    expect(incident && failedJobs(incident).map(({ id }) => id)).toEqual(['job-1', 'job-new'])
  })
})

describe('summarise', () => {
  it('counts completed, failed and open jobs', () => {
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
    const [incident] = parseIncidents([{ ...row, documents }], true)
    expect(incident && summarise(incident)).toEqual({
      total: 3,
      completed: 1,
      failed: 1,
      open: 1,
      progress: 67,
    })
  })
})
