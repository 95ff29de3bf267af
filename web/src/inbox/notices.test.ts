import { describe, expect, it } from 'vitest'
import type { ImageMessage } from '../../../functions-shared/message-types.ts'
import { type ListOptions, listItems, type Notices, withMark, withNotices } from './notices.ts'
import type { Notice } from './source.ts'

function image(jobId: string, fields: Partial<ImageMessage> = {}): ImageMessage {
  return {
    type: 'image_processed',
    jobId,
    incidentId: null,
    documentId: `document of ${jobId}`,
    documentType: 'photo',
    status: 'completed',
    timestamp: '2026-11-23T10:00:00.000Z',
    ...fields,
  }
}

const notice = (seq: number, jobId: string, fields: Partial<Notice> = {}): Notice => ({
  seq,
  message: image(jobId),
  seen: false,
  read: false,
  done: false,
  ...fields,
})

const known = (...notices: Notice[]): Notices => withNotices(new Map(), notices)
const everything: ListOptions = {
  filter: { unreadOnly: false, family: null, done: false },
  range: { seq: 1, ended: true },
  progress: new Map(),
}
const ids = (notices: Notices, options: Partial<ListOptions> = {}) =>
  listItems(notices, { ...everything, ...options }).map(({ thread }) => thread)

describe('the list', () => {
  it('has one item per job, where its latest notification is', () => {
    const notices = known(notice(1, 'a'), notice(2, 'b'), notice(3, 'a'), notice(4, 'c'))
    const items = listItems(notices, everything)
    expect(items.map(({ thread, seqs }) => [thread, seqs])).toEqual([
      ['c', [4]],
      ['a', [1, 3]],
      ['b', [2]],
    ])
  })

  it('has an item as unread as long as one of its notifications is', () => {
    const notices = known(notice(1, 'a'), notice(2, 'a', { read: true }), notice(3, 'b', { read: true }))
    expect(listItems(notices, everything).map(({ unread }) => unread)).toEqual([false, true])
  })

  it('has no notification from before the oldest that was read with the filter', () => {
    const notices = known(notice(1, 'a'), notice(5, 'b'), notice(6, 'c'))
    expect(ids(notices, { range: { seq: 5, ended: false } })).toEqual(['c', 'b'])
    expect(ids(notices, { range: { seq: null, ended: false } })).toEqual([])
    expect(ids(notices, { range: { seq: null, ended: true } })).toEqual(['c', 'b', 'a'])
  })

  it('keeps a line that was just marked in the list of unread lines', () => {
    const notices = known(notice(1, 'a'), notice(2, 'b', { read: true }), notice(3, 'c', { read: true }))
    const filter = { unreadOnly: true, family: null, done: false }
    expect(ids(notices, { filter })).toEqual(['a'])
    expect(ids(notices, { filter, keep: new Set(['c']) })).toEqual(['c', 'a'])
  })

  it('can be of one kind', () => {
    const report: Notice = {
      ...notice(2, 'r'),
      message: { ...image('r'), type: 'pdf_generated', reportId: 'r', status: 'completed' },
    }
    const notices = known(notice(1, 'a'), report, notice(3, 'x', { message: null }))
    expect(ids(notices, { filter: { unreadOnly: false, family: 'pdf', done: false } })).toEqual(['r'])
    expect(ids(notices)).toEqual(['r', 'a'])
  })

  it('shows progress that is newer than the last notification, and none that is older', () => {
    const notices = known(notice(1, 'a', { message: image('a', { status: 'processing', revision: 2 }) }))
    const progressOf = (revision: number) =>
      listItems(notices, {
        ...everything,
        progress: new Map([['a', image('a', { status: 'processing', progress: 50, revision })]]),
      })[0]?.message
    expect(progressOf(3)).toMatchObject({ progress: 50 })
    expect(progressOf(1)).not.toHaveProperty('progress')
  })
})

describe('marks', () => {
  const notices = known(
    notice(1, 'a', { seen: true }),
    notice(2, 'b'),
    notice(3, 'c', { seen: true, read: true }),
  )
  const flags = (marked: Notices) => [...marked.values()].map(({ seen, read }) => [seen, read])

  it('apply up to a seq, or to the given seqs', () => {
    expect(flags(withMark(notices, { upTo: 2, read: true }))).toEqual([
      [true, true],
      [true, true],
      [true, true],
    ])
    expect(flags(withMark(notices, { seqs: [3, 99], read: false }))).toEqual([
      [true, false],
      [false, false],
      [true, false],
    ])
    expect(flags(withMark(notices, { upTo: 3, seen: true }))).toEqual([
      [true, false],
      [true, false],
      [true, true],
    ])
  })

  it('as done put lines aside, marked as read, and as unread take them back', () => {
    const done = withMark(notices, { seqs: [2], done: true })
    expect(done.get(2)).toMatchObject({ seen: true, read: true, done: true })
    const range = { seq: null, ended: true }
    const filter = { unreadOnly: false, family: null, done: false }
    const listed = (marked: Notices, isDone: boolean) =>
      listItems(marked, { filter: { ...filter, done: isDone }, range, progress: new Map() }).map(
        ({ seq }) => seq,
      )
    expect([listed(done, false), listed(done, true)]).toEqual([[3, 1], [2]])
    expect(listed(withMark(done, { seqs: [2], read: false }), true)).toEqual([])
  })

  it('do not change the notifications that they are applied to', () => {
    withMark(notices, { upTo: 3, read: true })
    expect(notices.get(2)).toMatchObject({ read: false })
  })
})
