/** Wake events of a browser page; outside a browser there are none. */

import type { PageEvent, PageEvents } from './ports.ts'

/** The used parts of a page. This file is also compiled without DOM types. */
interface Surroundings {
  document?: EventTarget & { readonly visibilityState: string }
  window?: EventTarget
  setTimeout: unknown
}

export const pageEvents: PageEvents = (listener) => {
  const { document, window }: Surroundings = globalThis
  if (document === undefined || window === undefined) return () => undefined
  const stop = new AbortController()
  const listen = (target: EventTarget, type: string, event: PageEvent, when = () => true): void => {
    target.addEventListener(type, () => when() && listener(event), { signal: stop.signal })
  }
  listen(document, 'visibilitychange', 'wake', () => document.visibilityState === 'visible')
  listen(document, 'freeze', 'suspend')
  listen(document, 'resume', 'wake')
  listen(window, 'pageshow', 'wake')
  // Into the back/forward cache: a page that keeps a connection would not be cached.
  window.addEventListener(
    'pagehide',
    (event) => {
      if ('persisted' in event && event.persisted === true) listener('suspend')
    },
    { signal: stop.signal },
  )
  listen(window, 'online', 'online')
  listen(window, 'offline', 'offline')
  return () => stop.abort()
}
