import { describe, expect, it } from 'vitest'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { jobWords } from './job-words.ts'

const common = { jobId: 'job-1', incidentId: null, timestamp: '2026-11-23T10:00:00.000Z' }

function voice(status: 'queued' | 'processing' | 'completed' | 'failed', fields: object = {}): JobMessage {
  return {
    ...common,
    type: 'transcription_progress',
    transcriptionId: 't',
    queueId: null,
    status,
    ...fields,
  }
}

describe('jobWords', () => {
  it('has words for every step', () => {
    const steps = (['queued', 'processing', 'completed', 'failed'] as const).map((status) =>
      jobWords(voice(status)),
    )
    expect(steps.map(({ tone, title, progress }) => [tone, title, progress])).toEqual([
      ['neutral', 'Voice note queued', null],
      ['busy', 'Transcribing voice note', 0],
      ['done', 'Voice note transcribed', null],
      ['failed', 'Voice note failed', null],
    ])
  })

  it('gives the stage while it is worked on, the result and the reason when it has ended', () => {
    expect(jobWords(voice('processing', { stage: 'reading_audio' })).detail).toBe('Reading audio')
    expect(jobWords(voice('completed', { wordCount: 1, duration: 59.6 })).detail).toBe('1 word, 1:00')
    expect(jobWords(voice('failed', { error: 'No speech.' })).detail).toBe('No speech.')
    expect(jobWords(voice('failed')).detail).toBe('It could not be processed.')
  })

  it('goes by the type where a field is missing', () => {
    const bare = { ...common, type: 'image_processed', documentId: 'd', status: 'completed' }
    // As an older server might have stored it.
    expect(jobWords(JSON.parse(JSON.stringify(bare)))).toMatchObject({ topic: 'photo', title: 'Photo ready' })
  })

  it.each([
    [{ status: 'no answer', state: 'failed', error: 'Try later.' }, 'failed', 'Try later.'],
    [{ status: 'asking abroad', state: 'processing' }, 'busy', 'Asking abroad'],
    [{ status: 'found', state: 'completed' }, 'neutral', 'Found'],
    [{ status: 'completed' }, 'done', 'Completed'],
    [{ status: 'constructor' }, 'neutral', 'Constructor'],
  ] as const)("shows another service's words %o as %s", (fields, tone, detail) => {
    const message: JobMessage = {
      ...common,
      type: 'status_update',
      updateType: 'vehicle_lookup',
      resource: 'AB-123',
      ...fields,
    }
    expect(jobWords(message)).toMatchObject({ topic: 'status', tone, detail })
  })
})
