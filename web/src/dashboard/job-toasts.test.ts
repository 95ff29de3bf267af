import { describe, expect, it } from 'vitest'
import type { ImageMessage, JobMessage } from '../../../functions-shared/message-types.ts'
import { jobToast, summaryToast } from './job-toasts.ts'

function image(fields: Partial<ImageMessage>): ImageMessage {
  return {
    type: 'image_processing_started',
    jobId: 'job-1',
    incidentId: 'incident-1',
    documentId: 'document-1',
    documentType: 'photo',
    status: 'processing',
    timestamp: '2026-11-23T10:00:00.000Z',
    ...fields,
  }
}

describe('jobToast', () => {
  it('has one key from start to end', () => {
    const course: ImageMessage[] = [
      image({}),
      image({ type: 'image_processing_progress', progress: 40 }),
      image({ type: 'image_processed', status: 'completed' }),
    ]
    const toasts = course.map((message) => jobToast(message, 'front.jpg'))
    expect(toasts.map((toast) => [toast?.key, toast?.type, toast?.progress])).toEqual([
      ['job:job-1', 'info', 0],
      ['job:job-1', 'info', 40],
      ['job:job-1', 'success', undefined],
    ])
  })

  it('says why something failed, and stays', () => {
    const toast = jobToast(image({ status: 'failed', error: 'The file is empty.' }), null)
    expect(toast).toMatchObject({ type: 'error', title: 'Photo failed', message: 'The file is empty.' })
    expect(toast?.durationMs).toBeUndefined()
  })

  it('is silent about what waits and about what people have no word for', () => {
    const status: JobMessage = {
      type: 'status_update',
      jobId: 'job-1',
      incidentId: null,
      updateType: 'vehicle',
      resource: 'XK-218-D',
      status: 'completed',
      timestamp: '2026-11-23T10:00:00.000Z',
    }
    expect(jobToast(image({ status: 'pending' }), null)).toBeNull()
    expect(jobToast(status, null)).toBeNull()
  })
})

describe('summaryToast', () => {
  it('counts what ended', () => {
    const ended = ['completed', 'failed', 'completed', 'processing'] as const
    expect(summaryToast(ended.map((status) => image({ status })))).toMatchObject({
      type: 'warning',
      message: '2 finished, 1 failed',
    })
    expect(summaryToast([image({})])).toBeNull()
  })
})
