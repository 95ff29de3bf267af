import { describe, expect, it } from 'vitest'
import type { ImageMessage } from '../../../functions-shared/message-types.ts'
import { CurrentLine } from './current-line.ts'
import type { InboxItem } from './notices.ts'

function line(jobId: string): InboxItem {
  const message: ImageMessage = {
    type: 'image_processed',
    jobId,
    incidentId: null,
    documentId: `document of ${jobId}`,
    documentType: 'photo',
    status: 'completed',
    timestamp: '2026-11-23T10:00:00.000Z',
  }
  return { jobId, message, seq: 1, seqs: [1], unread: true }
}

const LINES = ['a', 'b', 'c'].map(line)

describe('the current line', () => {
  it('is the first one at the beginning, and none in an empty list', () => {
    expect(new CurrentLine().among(LINES)?.jobId).toBe('a')
    expect(new CurrentLine().among([])).toBeUndefined()
  })

  it.each([
    ['b', 1, 'c'],
    ['b', -1, 'a'],
    ['c', 1, 'c'],
    ['a', -1, 'a'],
    ['a', Number.POSITIVE_INFINITY, 'c'],
    ['c', Number.NEGATIVE_INFINITY, 'a'],
  ])('%s moved by %d is %s', (from, lines, to) => {
    const current = new CurrentLine()
    current.set(from)
    current.move(LINES, lines)
    expect(current.among(LINES)?.jobId).toBe(to)
  })

  it('stays the same job when a line comes in above, and is the first where that job has left', () => {
    const current = new CurrentLine()
    current.set('b')
    expect(current.among([line('new'), ...LINES])?.jobId).toBe('b')
    expect(current.among([line('c'), line('d')])?.jobId).toBe('c')
  })
})
