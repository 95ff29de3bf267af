import { describe, expect, it } from 'vitest'
import type {
  ImageMessage,
  JobMessage,
  PdfMessage,
  StatusUpdateMessage,
  TranscriptionMessage,
} from '../../../functions-shared/message-types.ts'
import { messageToast, summaryToast } from './job-toast.ts'

const common = { jobId: 'job-1', incidentId: 'incident-1', timestamp: '2026-11-23T10:00:00.000Z' }
const nowhere = { subject: null, href: null, self: null }

function image(fields: Partial<ImageMessage>): ImageMessage {
  return {
    ...common,
    type: 'image_processing_started',
    documentId: 'document-1',
    documentType: 'photo',
    status: 'processing',
    ...fields,
  }
}

function pdf(fields: Partial<PdfMessage>): PdfMessage {
  return { ...common, type: 'pdf_generated', reportId: 'report-1', status: 'completed', ...fields }
}

function voice(fields: Partial<TranscriptionMessage>): TranscriptionMessage {
  return {
    ...common,
    type: 'transcription_complete',
    transcriptionId: 'transcription-1',
    queueId: null,
    status: 'completed',
    ...fields,
  }
}

function status(fields: Partial<StatusUpdateMessage>): StatusUpdateMessage {
  return {
    ...common,
    type: 'status_update',
    updateType: 'vehicle_lookup',
    resource: 'XK-218-D',
    status: 'completed',
    ...fields,
  }
}

describe('messageToast', () => {
  it('has one key from start to end', () => {
    const course: ImageMessage[] = [
      image({}),
      image({ type: 'image_processing_progress', progress: 40 }),
      image({ type: 'image_processed', status: 'completed' }),
    ]
    const toasts = course.map((message) =>
      messageToast(message, { subject: 'front.jpg', href: null, self: null }),
    )
    expect(toasts.map((toast) => [toast?.key, toast?.type, toast?.progress])).toEqual([
      ['job:job-1', 'info', 0],
      ['job:job-1', 'info', 40],
      ['job:job-1', 'success', undefined],
    ])
  })

  it('says why something failed, and stays', () => {
    const toast = messageToast(image({ status: 'failed', error: 'The file is empty.' }), nowhere)
    expect(toast).toMatchObject({ type: 'error', title: 'Photo failed', message: 'The file is empty.' })
    expect(toast?.durationMs).toBeUndefined()
  })

  const ended: Record<string, [JobMessage, string, string, string]> = {
    'a photo': [image({ status: 'completed' }), 'Photo ready', '', 'success'],
    'an attachment': [
      image({ status: 'completed', documentType: 'attachment' }),
      'Attachment ready',
      '',
      'success',
    ],
    'a report': [pdf({ fileSize: 2_300_000 }), 'Report ready', '2.3\u00a0MB', 'success'],
    'a failed report': [
      pdf({
        type: 'pdf_generation_failed',
        status: 'failed',
        error: 'Missing required fields: incident_date',
      }),
      'Report failed',
      'Still missing: date of the crash.',
      'error',
    ],
    'a voice note': [
      voice({ duration: 75.2, wordCount: 140 }),
      'Voice note transcribed',
      '140 words, 1:15',
      'success',
    ],
    'a status update': [status({}), 'Vehicle lookup XK-218-D', 'Completed', 'success'],
    'a failed status update': [
      status({ status: 'failed', error: 'Unknown plate.' }),
      'Vehicle lookup XK-218-D',
      'Unknown plate.',
      'error',
    ],
    'a status of its own': [
      status({ status: 'awaiting_owner' }),
      'Vehicle lookup XK-218-D',
      'Awaiting owner',
      'info',
    ],
  }

  it.each(Object.entries(ended))('tells of %s', (_name, [message, title, text, type]) => {
    expect(messageToast(message, nowhere)).toMatchObject({ title, message: text, type })
  })

  it('offers a report for download, and shows where things are', () => {
    const toast = messageToast(pdf({ pdfUrl: 'https://a.example/report.pdf?token=1' }), {
      subject: 'Rear-end collision',
      href: '#/incidents/incident-1/reports/report-1',
      self: null,
    })
    expect(toast?.actions).toEqual([
      {
        label: 'Download',
        href: 'https://a.example/report.pdf?token=1&download=',
        download: 'report.pdf',
      },
      { label: 'View', href: '#/incidents/incident-1/reports/report-1' },
    ])
  })

  it('is silent about work that waits', () => {
    expect(messageToast(image({ status: 'pending' }), nowhere)).toBeNull()
    expect(messageToast(voice({ type: 'transcription_queued', status: 'queued' }), nowhere)).toBeNull()
  })
})

describe('summaryToast', () => {
  it('counts what ended', () => {
    const statuses = ['completed', 'failed', 'completed', 'processing'] as const
    expect(summaryToast(statuses.map((each) => image({ status: each })))).toMatchObject({
      type: 'warning',
      message: '2 finished, 1 failed',
    })
    expect(summaryToast([image({})])).toBeNull()
  })
})
