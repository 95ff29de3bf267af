import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../functions-shared/app-error.ts'
import { refusal, type TransferEvents, UploadQueue } from './upload-queue.ts'

function setup() {
  const transfers: { name: string; events: TransferEvents; ended: string[] }[] = []
  const submitted: string[] = []
  const forgotten: string[] = []
  const waiting = new Map<unknown, () => void>()
  let answer: Error | null = null
  let number = 0
  const queue = new UploadQueue({
    transfer(item, events) {
      const ended: string[] = []
      transfers.push({ name: item.file.name, events, ended })
      return { pause: () => ended.push('pause'), cancel: () => ended.push('cancel') }
    },
    async submit(_incidentId, path) {
      submitted.push(path)
      if (answer !== null) throw answer
    },
    submitted: ({ file }) => forgotten.push(file.name),
    timers: {
      set: (work) => {
        const handle = {}
        waiting.set(handle, work)
        return handle
      },
      clear: (handle) => waiting.delete(handle),
    },
    newId: () => `item-${number++}`,
  })
  return {
    queue,
    transfers,
    submitted,
    forgotten,
    answer: (error: Error | null) => {
      answer = error
    },
    /** Runs all timers. @returns how many there were. */
    later: () => {
      const due = [...waiting.values()]
      waiting.clear()
      for (const work of due) work()
      return due.length
    },
  }
}

const file = (name: string, content = 'x') => new File([content], name, { type: 'image/jpeg' })
const states = (queue: UploadQueue) => queue.items.map(({ status }) => status)

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

describe('a file', () => {
  it('is uploaded, submitted, and done', async () => {
    const { queue, transfers, submitted, forgotten } = setup()
    queue.add('incident', [file('a.jpg')])
    transfers[0]?.events.progress(1)
    expect(queue.items).toMatchObject([{ status: 'uploading', sent: 1 }])
    transfers[0]?.events.done('incident/path')
    await settled()
    expect([states(queue), submitted, forgotten, queue.busy]).toEqual([
      ['done'],
      ['incident/path'],
      ['a.jpg'],
      false,
    ])
  })

  it('that was interrupted continues by itself, and is not uploaded twice', async () => {
    const { queue, transfers, submitted, answer, later } = setup()
    queue.add('incident', [file('a.jpg')])
    transfers[0]?.events.failed(null)
    expect(states(queue)).toEqual(['interrupted'])
    queue.resume()
    expect(transfers).toHaveLength(2)
    answer(new TypeError('Failed to fetch'))
    transfers[1]?.events.done('incident/path')
    await settled()
    expect(states(queue)).toEqual(['interrupted'])
    answer(null)
    later()
    await settled()
    expect([states(queue), submitted, transfers.length]).toEqual([
      ['done'],
      ['incident/path', 'incident/path'],
      2,
    ])
  })

  it('that is submitted while the user has no calls left is submitted again later, and not uploaded twice', async () => {
    const { queue, transfers, submitted, forgotten, answer, later } = setup()
    queue.add('incident', [file('a.jpg')])
    answer(new AppError('rate_limited'))
    transfers[0]?.events.done('incident/path')
    await settled()
    expect([states(queue), forgotten]).toEqual([['interrupted'], []])
    answer(null)
    later()
    await settled()
    expect([states(queue), submitted, transfers.length]).toEqual([
      ['done'],
      ['incident/path', 'incident/path'],
      1,
    ])
  })

  it('that is refused has the reason, and can be tried anew', async () => {
    const { queue, transfers, answer } = setup()
    queue.add('incident', [file('a.jpg')])
    transfers[0]?.events.failed('Files of this type cannot be added.')
    expect(queue.items).toMatchObject([{ status: 'failed', reason: 'Files of this type cannot be added.' }])
    queue.retry('item-0')
    answer(new AppError('topic_forbidden'))
    transfers[1]?.events.done('p')
    await settled()
    expect(queue.items).toMatchObject([{ status: 'failed', reason: new AppError('topic_forbidden').message }])
  })

  it('can be cancelled at any time', () => {
    const { queue, transfers } = setup()
    queue.add('incident', [file('a.jpg'), file('b.jpg')])
    queue.cancel('item-0')
    expect([states(queue), transfers[0]?.ended]).toEqual([['uploading'], ['cancel']])
  })

  it.each([
    ['empty', { size: 0, type: 'image/jpeg' }, 'The file is empty.'],
    ['too large', { size: 26_214_401, type: 'image/jpeg' }, 'The file is larger than 25 MB.'],
    ['of another kind', { size: 1, type: 'text/html' }, 'Photos, voice notes and PDF files can be added.'],
    ['of a type that the browser does not know', { size: 1, type: '' }, null],
    ['a photo', { size: 26_214_400, type: 'image/heic' }, null],
  ])('that is %s', (_what, about, reason) => {
    expect(refusal(about)).toBe(reason)
  })
})

describe('uploads that are done', () => {
  it('leave together, once no upload of their incident is under way', async () => {
    const { queue, transfers, later } = setup()
    queue.add('incident', [file('a.jpg'), file('b.jpg'), file('c.jpg')])
    queue.add('other', [file('d.jpg')])
    transfers[2]?.events.failed('no')
    transfers[0]?.events.done('a')
    await settled()
    expect([later(), states(queue)]).toEqual([0, ['done', 'uploading', 'failed', 'uploading']])
    transfers[1]?.events.done('b')
    await settled()
    expect([later(), states(queue)]).toEqual([1, ['failed', 'uploading']])
  })

  it('stay when another file is added, and while the list is held', async () => {
    const { queue, transfers, later } = setup()
    queue.add('incident', [file('a.jpg')])
    transfers[0]?.events.done('a')
    await settled()
    queue.add('incident', [file('b.jpg')])
    expect([later(), states(queue)]).toEqual([0, ['done', 'uploading']])
    queue.hold('hover', true)
    transfers[1]?.events.done('b')
    await settled()
    queue.hold('press', true)
    queue.hold('hover', false)
    expect([later(), states(queue)]).toEqual([0, ['done', 'done']])
    queue.hold('press', false)
    expect([later(), states(queue)]).toEqual([1, []])
  })

  it('do not wait for an upload that was interrupted', async () => {
    const { queue, transfers, later } = setup()
    queue.add('incident', [file('a.jpg'), file('b.jpg')])
    transfers[0]?.events.done('a')
    await settled()
    queue.interrupt()
    later()
    expect(queue.items.map(({ file: { name } }) => name)).toEqual(['b.jpg'])
  })

  it('leave no timer behind when the queue is closed', async () => {
    const { queue, transfers, later } = setup()
    queue.add('incident', [file('a.jpg')])
    transfers[0]?.events.done('a')
    await settled()
    queue.close()
    expect(later()).toBe(0)
  })
})

describe('many files', () => {
  it('are uploaded three at a time, and one that is refused holds up no other', () => {
    const { queue, transfers } = setup()
    queue.add(
      'incident',
      ['1', '2', '3', '4', '5'].map((name) => file(name)),
    )
    expect(states(queue)).toEqual(['uploading', 'uploading', 'uploading', 'waiting', 'waiting'])
    transfers[0]?.events.failed('no')
    expect(states(queue)).toEqual(['failed', 'uploading', 'uploading', 'uploading', 'waiting'])
  })

  it('are interrupted together when the network goes, and continue together', () => {
    const { queue, transfers } = setup()
    queue.add('incident', [file('1'), file('2')])
    queue.interrupt()
    expect([states(queue), transfers.map(({ ended }) => ended)]).toEqual([
      ['interrupted', 'interrupted'],
      [['pause'], ['pause']],
    ])
    queue.resume()
    expect(states(queue)).toEqual(['uploading', 'uploading'])
  })

  it('do not start after the queue was closed during a submission', async () => {
    const { queue, transfers, answer, later } = setup()
    queue.add(
      'incident',
      ['1', '2', '3', '4'].map((name) => file(name)),
    )
    answer(new TypeError('Failed to fetch'))
    transfers[0]?.events.done('1')
    queue.close()
    await settled()
    expect([transfers.length, later()]).toEqual([3, 0])
  })

  it('are paused when the queue is closed', () => {
    const { queue, transfers } = setup()
    queue.add('incident', [file('1'), file('2')])
    queue.close()
    expect(transfers.map(({ ended }) => ended)).toEqual([['pause'], ['pause']])
  })
})
