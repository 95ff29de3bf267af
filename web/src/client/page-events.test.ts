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

describe('what a browser tells a page', () => {
  it('wakes it, or lets it put its connection aside', () => {
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

  it('is that it leaves for the back/forward cache, or for good, which needs nothing', () => {
    const { window, on } = openPage()
    expect(on(window, 'pagehide', { persisted: true })).toEqual(['suspend'])
    expect(on(window, 'pagehide', { persisted: false })).toEqual([])
  })

  it('is heard until it is stopped, and not at all where there is no page', () => {
    const { document, window, on, stop } = openPage()
    stop()
    for (const type of ['pageshow', 'online', 'offline', 'pagehide'])
      expect(on(window, type, { persisted: true })).toEqual([])
    for (const type of ['visibilitychange', 'freeze', 'resume']) expect(on(document, type)).toEqual([])
    vi.unstubAllGlobals()
    expect(() => pageEvents(() => undefined)()).not.toThrow()
  })
})
