import { describe, expect, it } from 'vitest'
import { parseSignal } from './parse-signal.ts'

const read = {
  type: 'notification_read',
  seqs: [3, 4],
  read: true,
  seen: true,
  unseenCount: 0,
  unreadCount: 2,
  headSeq: 7,
  epoch: 'epoch-1',
  timestamp: '2026-11-23T10:00:00.000Z',
}
const displaced = {
  type: 'error',
  code: 'connection_displaced',
  message: 'Another device has taken the place of this one.',
  deviceId: 'device-1',
  displacedBy: 'device-2',
  timestamp: '2026-11-23T10:00:00.000Z',
}

describe('parseSignal', () => {
  it.each([read, { ...read, seqs: undefined, upTo: 7 }, displaced])('accepts %j', (signal) => {
    expect(parseSignal(signal)).toEqual(signal)
  })

  it.each([
    null,
    'notification_read',
    { ...read, unreadCount: -1 },
    { ...read, headSeq: '7' },
    { ...read, seqs: ['3'] },
    { ...read, read: 'yes' },
    { ...read, epoch: null },
    { ...displaced, code: 'internal_error' },
    { ...displaced, deviceId: 1 },
    { type: 'image_processed', jobId: 'job-1' },
  ])('refuses %j', (value) => {
    expect(parseSignal(value)).toBeNull()
  })
})
