import { describe, expect, it } from 'vitest'
import type { ImageMessage } from '../../../functions-shared/message-types.ts'
import { createJobNotices } from './job-notices.ts'
import type { ShowToast } from './store.ts'

const HERE = { replayed: false, foremost: true }

function image(jobId: string, fields: Partial<ImageMessage> = {}): ImageMessage {
  return {
    type: 'image_processed',
    jobId,
    incidentId: null,
    documentId: 'document-1',
    documentType: 'photo',
    status: 'completed',
    timestamp: '2026-11-23T10:00:00.000Z',
    seq: 1,
    epoch: 'e',
    ...fields,
  }
}

/** Volatile: without a number. */
function progress(jobId: string, percent: number): ImageMessage {
  const { seq: _seq, epoch: _epoch, ...message } = image(jobId)
  return { ...message, type: 'image_processing_progress', status: 'processing', progress: percent }
}

function setUp() {
  const toasts = new Map<string, ShowToast>()
  let now = 0
  const notices = createJobNotices({
    toaster: {
      show(toast) {
        const key = toast.key ?? ''
        toasts.set(key, toast)
        return key
      },
      showToast: () => '',
      dismiss: (key) => void toasts.delete(key),
      destroy: () => undefined,
    },
    contextOf: () => ({ subject: null, href: null, self: null }),
    clock: () => now,
  })
  return {
    toasts,
    notices,
    pass: (ms: number) => {
      now += ms
    },
  }
}

describe('job notices', () => {
  it('do not bring back with the next percent what a person dismissed, but with the end', () => {
    const { toasts, notices } = setUp()
    notices.message(progress('a', 10), HERE)
    toasts.get('job:a')?.onDismiss?.()
    toasts.clear()
    notices.message(progress('a', 20), HERE)
    expect(toasts.size).toBe(0)
    notices.message(image('a'), HERE)
    expect(toasts.get('job:a')).toMatchObject({ type: 'success' })
  })

  it('show nothing in the tabs behind, and take back what they had begun', () => {
    const { toasts, notices } = setUp()
    notices.message(progress('a', 10), HERE)
    notices.message(image('a'), { replayed: false, foremost: false })
    expect(toasts.size).toBe(0)
  })

  it('show nothing of a quiet message, also of one that was missed', () => {
    const { toasts, notices } = setUp()
    notices.message(image('a', { quiet: true }), HERE)
    notices.message(image('b', { quiet: true }), { replayed: true, foremost: true })
    notices.caughtUp()
    expect(toasts.size).toBe(0)
  })

  it('make one of the notes of an incident', () => {
    const { toasts, notices } = setUp()
    const note = {
      type: 'note_added',
      incidentId: 'i',
      userId: 'ben',
      timestamp: '2026-11-23T10:00:00.000Z',
    } as const
    notices.message({ ...note, noteId: 'n', seq: 1, epoch: 'e' }, HERE)
    notices.message({ ...note, type: 'mentioned', noteId: 'm', seq: 2, epoch: 'e' }, HERE)
    expect([...toasts.values()].map(({ title }) => title)).toEqual(['You were mentioned in a note'])
  })

  it('make one of a flood, and count what failed in it', () => {
    const { toasts, notices, pass } = setUp()
    for (let n = 0; n < 1_000; n += 1)
      notices.message(image(String(n), n === 999 ? { status: 'failed' } : {}), HERE)
    expect(toasts.size).toBe(13)
    expect(toasts.get('many-at-once')).toMatchObject({
      type: 'warning',
      message: '988 more updates, 1 failed. All of them are in the inbox.',
    })
    pass(1_000)
    notices.message(image('later'), HERE)
    expect(toasts.has('job:later')).toBe(true)
  })

  it('sum up what was missed', () => {
    const { toasts, notices } = setUp()
    for (const id of ['a', 'b', 'c', 'd']) notices.message(image(id), { replayed: true, foremost: true })
    expect(toasts.size).toBe(0)
    notices.caughtUp()
    expect([...toasts.keys()]).toEqual(['while-away'])
  })
})
