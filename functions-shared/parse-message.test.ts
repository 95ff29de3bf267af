import { describe, expect, it } from 'vitest'
import { JOB_MESSAGE_FAMILIES } from './message-types.ts'
import { familyOf, isJobMessage, parseBroadcast, parseMessage } from './parse-message.ts'

const image = {
  type: 'image_processed',
  jobId: 'job-1',
  incidentId: 'incident-1',
  documentId: 'document-1',
  documentType: 'photo',
  status: 'completed',
  timestamp: '2026-11-23T10:00:00.000Z',
  seq: 3,
  epoch: 'epoch-1',
}

describe('parseMessage', () => {
  it('accepts a durable and a volatile message', () => {
    const { seq: _seq, epoch: _epoch, ...volatile } = image
    expect(parseMessage(image)).toEqual({ kind: 'message', message: image })
    expect(parseMessage({ ...volatile, id: 'added-by-realtime' }).kind).toBe('message')
  })

  it('keeps the place in the sequence of a message it does not know', () => {
    expect(parseMessage({ type: 'video_ready', seq: 7, epoch: 'e' })).toEqual({
      kind: 'unrecognised',
      type: 'video_ready',
      seq: 7,
      epoch: 'e',
    })
  })

  it.each([null, undefined, 'text', 5, [], {}, { type: 7 }, { type: 'toString' }, { type: '__proto__' }])(
    'does not accept %j',
    (value) => {
      expect(parseMessage(value)).toMatchObject({ kind: 'unrecognised', seq: null })
    },
  )

  it.each(['jobId', 'timestamp', 'documentId', 'status'])('misses %s', (field) => {
    expect(isJobMessage({ ...image, [field]: undefined })).toBe(false)
  })

  it.each([0, -1, 1.5, '3', Number.NaN, 2 ** 53])('refuses seq %s', (seq) => {
    expect(isJobMessage({ ...image, seq })).toBe(false)
  })

  it('refuses a seq without an epoch', () => {
    expect(isJobMessage({ ...image, epoch: undefined })).toBe(false)
  })
})

describe('parseBroadcast', () => {
  it('unpacks a batch in order, whatever one of its messages is', () => {
    const payload = { type: 'batch_update', timestamp: image.timestamp, messages: [image, null, image] }
    expect(parseBroadcast(payload).map((parsed) => parsed.kind)).toEqual([
      'message',
      'unrecognised',
      'message',
    ])
  })

  it('gives one message for anything else', () => {
    expect(parseBroadcast(image)).toHaveLength(1)
    expect(parseBroadcast({ type: 'batch_update', messages: 'none' })).toEqual([
      { kind: 'unrecognised', type: 'batch_update', seq: null, epoch: null },
    ])
  })
})

describe('familyOf', () => {
  it('knows the family of each job message and of nothing else', () => {
    for (const [type, family] of Object.entries(JOB_MESSAGE_FAMILIES)) expect(familyOf(type)).toBe(family)
    expect(familyOf('ping')).toBeNull()
    expect(familyOf('constructor')).toBeNull()
  })
})
