import { afterEach, describe, expect, it, vi } from 'vitest'
import { pageEvents } from './page-events.ts'
import type { PageEvent } from './ports.ts'

afterEach(() => vi.unstubAllGlobals())

function openPage() {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const window = new EventTarget()
  vi.stubGlobal('document', document)
  vi.stubGlobal('window', window)
  const events: PageEvent[] = []
  const stop = pageEvents((event) => events.push(event))
  /** What the page is told by one event of the browser. */
  const on = (target: EventTarget, type: string, fields: object = {}): PageEvent[] => {
    events.length = 0
    target.dispatchEvent(Object.assign(new Event(type), fields))
    return [...events]
  }
  return { document, window, on, stop }
}

describe('page events', () => {
  it('wake the client, or make it give up its connection', () => {
    const { document, window, on } = openPage()
    expect(on(document, 'visibilitychange')).toEqual(['wake'])
    document.visibilityState = 'hidden'
    expect(on(document, 'visibilitychange')).toEqual([])
    expect(on(window, 'pageshow', { persisted: true })).toEqual(['wake'])
    expect(on(document, 'freeze')).toEqual(['suspend'])
    expect(on(document, 'resume')).toEqual(['wake'])
    expect(on(window, 'online')).toEqual(['online'])
    expect(on(window, 'offline')).toEqual(['offline'])
  })

  it('suspend a page that enters the back/forward cache, and do nothing for one that is closed', () => {
    const { window, on } = openPage()
    expect(on(window, 'pagehide', { persisted: true })).toEqual(['suspend'])
    expect(on(window, 'pagehide', { persisted: false })).toEqual([])
  })

  it('are heard until the listener is removed, and never outside of a page', () => {
    const { document, window, on, stop } = openPage()
    stop()
    for (const type of ['pageshow', 'online', 'offline', 'pagehide'])
      expect(on(window, type, { persisted: true })).toEqual([])
    for (const type of ['visibilitychange', 'freeze', 'resume']) expect(on(document, type)).toEqual([])
    vi.unstubAllGlobals()
    expect(() => pageEvents(() => undefined)()).not.toThrow()
  })
})
