import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openBrowserTabs } from './browser-tabs.ts'
import type { TabGroup } from './tab-group.ts'

// Node has Web Locks and BroadcastChannel of its own; only that this is a page it does not say.
beforeEach(() => void vi.stubGlobal('document', {}))

const opened: TabGroup[] = []

afterEach(() => {
  for (const group of opened.splice(0)) group.close()
  vi.unstubAllGlobals()
})

function openTab(name: string, id: string) {
  const events: string[] = []
  const group = openBrowserTabs(name, id, {
    lead: () => events.push('lead'),
    follow: () => events.push('follow'),
    message: (data) => events.push(String(data)),
    gone: (other) => events.push(`${other} is gone`),
    unavailable: () => events.push('unavailable'),
  })
  if (group === null) throw new Error('there are groups here')
  opened.push(group)
  const expectEvents = (...expected: string[]) => vi.waitFor(() => expect(events).toEqual(expected))
  const leads = () => vi.waitFor(() => expect(events.at(-1)).toBe('lead'))
  return { group, events, expectEvents, leads }
}

/** `a` leads, `b` and `c` follow. */
async function threeTabs() {
  const name = randomUUID()
  const a = openTab(name, 'a')
  await a.expectEvents('lead')
  const b = openTab(name, 'b')
  await b.expectEvents('follow')
  const c = openTab(name, 'c')
  await c.expectEvents('follow')
  return { a, b, c }
}

describe('tabs of a browser', () => {
  it('lead one after the other, in the order in which they came', async () => {
    const { a, b, c } = await threeTabs()
    a.group.close()
    await b.expectEvents('follow', 'lead')
    b.group.close()
    await c.expectEvents('follow', 'lead')
    expect([a.events, b.events]).toEqual([['lead'], ['follow', 'lead']])
  })

  it('can take the lead by force, and the earlier leader waits for it again', async () => {
    const { a, b, c } = await threeTabs()
    c.group.steal()
    await c.expectEvents('follow', 'lead')
    await a.expectEvents('lead', 'follow')
    // The tab that leads already leads.
    c.group.steal()
    expect(c.events).toEqual(['follow', 'lead'])
    a.group.steal()
    await a.expectEvents('lead', 'follow', 'lead')
    await c.expectEvents('follow', 'lead', 'follow')
    a.group.close()
    await b.expectEvents('follow', 'lead')
    b.group.close()
    await c.expectEvents('follow', 'lead', 'follow', 'lead')
  })

  it('receive the other tabs’ messages in order, and none once they are closed', async () => {
    const { a, b, c } = await threeTabs()
    b.group.close()
    for (const message of ['one', 'two']) a.group.post(message)
    await c.expectEvents('follow', 'one', 'two')
    a.group.close()
    a.group.post('three')
    await c.expectEvents('follow', 'one', 'two', 'lead')
    expect([a.events, b.events]).toEqual([['lead'], ['follow']])
  })

  it('notice a closed tab, also where it sent a message as soon as it was opened', async () => {
    const name = randomUUID()
    const a = openTab(name, 'a')
    await a.expectEvents('lead')
    const b = openTab(name, 'b')
    b.group.post('here')
    await a.expectEvents('lead', 'here')
    a.group.watch('b')
    await b.expectEvents('follow')
    expect(a.events).toEqual(['lead', 'here'])
    b.group.close()
    await a.expectEvents('lead', 'here', 'b is gone')
    const c = openTab(name, 'c')
    await c.expectEvents('follow')
    a.group.watch('c')
    a.group.close()
    c.group.close()
    await openTab(name, 'd').leads()
    expect(a.events).toEqual(['lead', 'here', 'b is gone'])
  })

  it('that are closed at once leave nothing behind', async () => {
    const name = randomUUID()
    const a = openTab(name, 'a')
    a.group.close()
    const b = openTab(name, 'b')
    await b.leads()
    b.group.close()
    await vi.waitFor(async () => {
      const { held = [], pending = [] } = await navigator.locks.query()
      expect([...held, ...pending].filter((lock) => lock.name?.startsWith(name))).toEqual([])
    })
  })

  it('that are closed before the browser has answered never lead', async () => {
    const answers: ((lock: unknown) => Promise<void>)[] = []
    const request = (_name: string, _options: object, hold: (lock: unknown) => Promise<void>) => {
      answers.push(hold)
      return Promise.withResolvers<void>().promise
    }
    vi.stubGlobal('navigator', { locks: { request } })
    const { group, events } = openTab('name', 'a')
    group.close()
    // Given back at once.
    for (const answer of answers) await answer({})
    expect([answers.length, events]).toEqual([2, []])
  })

  it('are no group where the browser has no locks or no channels', async () => {
    const handlers = {
      lead: vi.fn(),
      follow: vi.fn(),
      message: vi.fn(),
      gone: vi.fn(),
      unavailable: vi.fn(),
    }
    vi.stubGlobal(
      'BroadcastChannel',
      class {
        constructor() {
          throw new DOMException('blocked', 'SecurityError')
        }
      },
    )
    expect(openBrowserTabs('name', 'a', handlers)).toBeNull()
    vi.unstubAllGlobals()
    // Not a page.
    expect(openBrowserTabs('name', 'a', handlers)).toBeNull()

    vi.stubGlobal('document', {})
    const request = vi.fn(() => Promise.reject(new DOMException('no storage', 'SecurityError')))
    vi.stubGlobal('navigator', { locks: { request } })
    const group = openBrowserTabs('name', 'a', handlers)
    await vi.waitFor(() => expect(handlers.unavailable).toHaveBeenCalledTimes(1))
    // Closed: no more of it.
    group?.post('nothing')
    group?.steal()
    expect(request).toHaveBeenCalledTimes(2)
    expect([handlers.lead, handlers.follow].map(({ mock }) => mock.calls.length)).toEqual([0, 0])
  })
})
