/** Title and icon of the browser's tab: they show the number of unseen notifications and a lost connection. */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { present, SHOW_AFTER } from './presentation.ts'

export interface PageBadgeOptions {
  client: Pick<DashboardWebSocketClient, 'getState' | 'on'>
  /** Addresses of the tab's icon. Default: the icon stays as it is. */
  icons?: { normal: string; unseen: string; offline: string }
  clock?: () => number
}

export interface PageBadge {
  /** The page's own title. The badge puts its marks before it. */
  setTitle(title: string): void
  destroy(): void
}

export function createPageBadge({ client, icons, clock = () => Date.now() }: PageBadgeOptions): PageBadge {
  let title = document.title
  let downSince: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  function update(): void {
    clearTimeout(timer)
    const state = client.getState()
    const { tone, symbol } = present(state, clock())
    const isDown = tone === 'offline' || tone === 'error'
    downSince = isDown ? (downSince ?? clock()) : null
    // As in the indicator, a short drop is not shown.
    const wait = downSince === null ? 0 : downSince + SHOW_AFTER - clock()
    if (wait > 0) timer = setTimeout(update, wait)
    const showsDown = isDown && wait <= 0
    const unseen = state.unseenCount ?? 0
    const marks = [showsDown ? symbol : '', unseen === 0 ? '' : `(${unseen > 99 ? '99+' : unseen})`]
    const text = [...marks, title].filter((part) => part !== '').join(' ')
    if (document.title !== text) document.title = text
    if (icons !== undefined) setIcon(showsDown ? icons.offline : unseen > 0 ? icons.unseen : icons.normal)
  }

  const stops = [client.on('state', update), client.on('unread', update)]
  update()
  return {
    setTitle(next) {
      if (next === title) return
      title = next
      update()
    },
    destroy() {
      clearTimeout(timer)
      for (const stop of stops) stop()
      document.title = title
      if (icons !== undefined) setIcon(icons.normal)
    },
  }
}

function setIcon(href: string): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel~="icon"]')
  if (link !== null && link.getAttribute('href') !== href) link.href = href
}
