/** The bell with the number of unseen notifications, and the panel that it opens. */

import { signal } from '@preact/signals'
import { Show } from '@preact/signals/utils'
import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { followDownload } from '../shared/follow-download.ts'
import { drawNow } from '../ui/frames.ts'
import { mount } from '../ui/mount.ts'
import { signalOf } from '../ui/store.ts'
import { Bell } from './bell.tsx'
import { InboxPanel } from './inbox-panel.tsx'
import type { PreferenceSource } from './preferences.ts'
import type { InboxSource } from './source.ts'
import { type InboxClient, InboxStore } from './store.ts'

export interface InboxOptions {
  client: InboxClient
  source: InboxSource
  /** Where the document is shown that a message is about; null for nowhere. Default: nowhere. */
  hrefOf?: (message: UserMessage) => string | null
  /** Lets the user choose what reaches them; default: not offered. */
  preferences?: PreferenceSource
  /** Where the panel stands in the page. Default `document.body`. */
  parent?: HTMLElement
  /** Opens and closes the panel together with Alt: a `KeyboardEvent.code`. Default `KeyI`; null for none. */
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

export function createInbox(options: InboxOptions): Inbox {
  const {
    client,
    source,
    hrefOf = () => null,
    parent = document.body,
    hotkey = 'KeyI',
    downloadFailed,
    preferences,
  } = options
  const store = new InboxStore({ client, source })
  const unseenCount = signalOf<number>({
    get state() {
      return client.getState().unseenCount ?? 0
    },
    subscribe(listener) {
      const stops = [client.on('unread', listener), client.on('state', listener)]
      return () => {
        for (const stop of stops) stop()
      }
    },
  })
  const isOpen = signal(false)
  const bell = document.createElement('span')
  const place = document.createElement('div')
  bell.className = 'cw-bell-place'
  parent.append(place)

  /** Draws at once, so that the focus can move. */
  function setOpen(open: boolean): void {
    const hadFocus = place.contains(document.activeElement)
    drawNow(() => {
      isOpen.value = open
    })
    if (hadFocus && !open) bell.querySelector('button')?.focus()
  }

  const toggle = (): void => setOpen(!isOpen.value)
  const close = (): void => setOpen(false)

  async function download(reportId: string): Promise<void> {
    const url = await source.reportUrl(reportId).catch(() => null)
    if (url === null) downloadFailed?.()
    else followDownload(url)
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.defaultPrevented || !event.altKey || event.ctrlKey || event.metaKey) return
    if (event.code !== hotkey) return
    event.preventDefault()
    toggle()
  }

  const panel = (
    <Show when={isOpen}>
      <InboxPanel
        store={store}
        hrefOf={hrefOf}
        download={(reportId) => void download(reportId)}
        {...(preferences === undefined ? {} : { preferences })}
        anchor={bell}
        close={close}
      />
    </Show>
  )
  const unmounts = [
    mount(<Bell unseenCount={unseenCount} isOpen={isOpen} hotkey={hotkey} toggle={toggle} />, bell),
    mount(panel, place),
  ]
  document.addEventListener('keydown', onKeyDown)

  return {
    bell,
    open: () => setOpen(true),
    close,
    destroy() {
      document.removeEventListener('keydown', onKeyDown)
      for (const unmount of unmounts) unmount()
      store.close()
      place.remove()
      bell.remove()
    },
  }
}
