/**
 * The bell with the number of unseen notifications, and the panel that it opens.
 *
 * The panel is a dialog that leaves the page usable: it closes by Escape, by a click elsewhere, and when an item is
 * followed. On a phone it covers the page.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { h, setText } from '../shared/dom.ts'
import { plural } from '../shared/format.ts'
import { hideFromTop, placeBelow, showOnTop } from '../shared/place.ts'
import { inboxIcon } from './icons.ts'
import { createListView } from './list-view.ts'
import type { InboxSource } from './source.ts'
import { type InboxClient, InboxStore } from './store.ts'

export interface InboxOptions {
  client: InboxClient
  source: InboxSource
  /** Where the thing is shown that a message is about; null for nowhere. Default: nowhere. */
  hrefOf?: (message: JobMessage) => string | null
  /** Where the panel stands in the page. Default `document.body`. */
  parent?: HTMLElement
  /** With Alt opens and closes the panel: a `KeyboardEvent.code`. Default `KeyI`; null for none. */
  hotkey?: string | null
  /** A report cannot be saved; default: nothing. */
  downloadFailed?: () => void
}

export interface Inbox {
  /** The button; to be placed by the page. */
  bell: HTMLElement
  open(): void
  close(): void
  destroy(): void
}

/** Beyond this the number says only that there are many. */
const LARGEST_NUMBER = 99

export function createInbox(options: InboxOptions): Inbox {
  const {
    client,
    source,
    hrefOf = () => null,
    parent = document.body,
    hotkey = 'KeyI',
    downloadFailed,
  } = options
  const store = new InboxStore({ client, source })
  const view = createListView({ store, hrefOf, download: (id) => void download(id), opened: close })
  const stop = new AbortController()
  const listen = { signal: stop.signal }

  const badge = h('span', { class: 'cw-bell__badge', attrs: { 'aria-hidden': 'true', hidden: true } })
  const bell = h(
    'button',
    {
      class: 'cw-bell',
      attrs: {
        type: 'button',
        'aria-haspopup': 'dialog',
        'aria-expanded': 'false',
        ...(hotkey === null ? {} : { 'aria-keyshortcuts': `Alt+${hotkey.replace(/^Key/, '')}` }),
      },
      on: { click: () => (isOpen ? close() : open()) },
    },
    inboxIcon('bell'),
    badge,
  )
  const panel = h(
    'section',
    { class: 'cw-inbox-panel', attrs: { role: 'dialog', 'aria-label': 'Inbox', hidden: true } },
    h(
      'div',
      { class: 'cw-inbox-panel__head' },
      h('h2', {}, 'Inbox'),
      h(
        'button',
        {
          class: 'cw-inbox-panel__close',
          attrs: { type: 'button', 'aria-label': 'Close the inbox' },
          on: { click: close },
        },
        inboxIcon('close'),
      ),
    ),
    view.element,
  )
  let isOpen = false

  function showCount(): void {
    const { unseenCount } = client.getState()
    const count = unseenCount ?? 0
    badge.hidden = count === 0
    setText(badge, count > LARGEST_NUMBER ? `${LARGEST_NUMBER}+` : String(count))
    bell.setAttribute('aria-label', count === 0 ? 'Inbox' : `Inbox, ${plural(count, 'new update')}`)
  }

  function open(): void {
    if (isOpen) return
    isOpen = true
    showOnTop(panel)
    placeBelow(panel, bell)
    bell.setAttribute('aria-expanded', 'true')
    view.setVisible(true)
    view.focus()
  }

  function close(): void {
    if (!isOpen) return
    const hadFocus = panel.contains(document.activeElement)
    isOpen = false
    hideFromTop(panel)
    bell.setAttribute('aria-expanded', 'false')
    view.setVisible(false)
    if (hadFocus) bell.focus()
  }

  async function download(reportId: string): Promise<void> {
    const url = await source.reportUrl(reportId).catch(() => null)
    if (url === null) {
      downloadFailed?.()
      return
    }
    // Storage sends it as an attachment, so the page stays.
    h('a', { attrs: { href: url, download: '' } }).click()
  }

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented) return
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === hotkey) {
      event.preventDefault()
      if (isOpen) close()
      else open()
    } else if (event.key === 'Escape' && isOpen) {
      const { activeElement } = document
      const elsewhere = activeElement !== null && activeElement !== document.body && activeElement !== bell
      if (elsewhere && !panel.contains(activeElement)) return
      event.preventDefault()
      close()
    }
  }

  document.addEventListener('keydown', onKey, listen)
  document.addEventListener(
    'pointerdown',
    ({ target }) => {
      if (!isOpen || !(target instanceof Element)) return
      // Toasts lie above the panel and are about the same things.
      if (panel.contains(target) || bell.contains(target) || target.closest('.cw-toasts') !== null) return
      close()
    },
    listen,
  )
  window.addEventListener('resize', () => isOpen && placeBelow(panel, bell), listen)
  const stopCounting = [client.on('unread', showCount), client.on('state', showCount)]
  parent.append(panel)
  showCount()

  return {
    bell,
    open,
    close,
    destroy() {
      close()
      stop.abort()
      for (const each of stopCounting) each()
      view.destroy()
      store.close()
      panel.remove()
      bell.remove()
    },
  }
}
