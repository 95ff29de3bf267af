/** What stands in the inbox in place of lines, and what is the matter above them. */

import type { ConnectionStateName } from '../client/index.ts'
import { h, setText } from '../shared/dom.ts'
import { inboxIcon } from './icons.ts'
import type { InboxState } from './store.ts'

export interface Note {
  element: HTMLElement
  /** Above the list. */
  banner: HTMLElement
  update(state: InboxState, connection: ConnectionStateName): void
}

interface Words {
  title: string
  text: string
  tone: 'done' | 'quiet' | 'failed'
  canRetry: boolean
}

const SKELETON_LINES = 6

export function createNote({ retry }: { retry: () => void }): Note {
  const icon = h('span', { class: 'cw-inbox__note-icon' })
  const title = h('p', { class: 'cw-inbox__note-title' })
  const text = h('p', {})
  const again = h(
    'button',
    { class: 'cw-inbox__retry', attrs: { type: 'button' }, on: { click: retry } },
    'Try again',
  )
  const words = h('div', { class: 'cw-inbox__note', attrs: { role: 'status' } }, icon, title, text, again)
  const skeleton = h(
    'div',
    { class: 'cw-inbox__skeleton', attrs: { 'aria-hidden': 'true' } },
    ...Array.from({ length: SKELETON_LINES }, () =>
      h('div', {}, h('span', {}), h('span', {}), h('span', {})),
    ),
  )
  const element = h('div', {}, words, skeleton)
  const banner = h('p', { class: 'cw-inbox__banner', attrs: { role: 'status' } })

  return {
    element,
    banner,
    update(state, connection) {
      const isOffline = connection === 'offline' || connection === 'closed' || connection === 'error'
      const loading = state.phase === 'loading'
      skeleton.hidden = !loading
      const shown = loading || state.items.length > 0 ? null : noteOf(state, isOffline)
      words.hidden = shown === null && !loading
      words.classList.toggle('cw-visually-hidden', loading)
      words.dataset.tone = shown?.tone ?? 'quiet'
      const name = shown?.tone === 'done' ? 'check' : 'bell'
      if (icon.dataset.icon !== name) {
        icon.dataset.icon = name
        icon.replaceChildren(inboxIcon(name))
      }
      setText(title, loading ? 'Loading' : (shown?.title ?? ''))
      setText(text, shown?.text ?? '')
      again.hidden = shown?.canRetry !== true
      setText(banner, state.items.length === 0 ? '' : (bannerOf(state, isOffline) ?? ''))
      banner.hidden = banner.textContent === ''
    },
  }
}

function noteOf({ phase, filter }: InboxState, isOffline: boolean): Words {
  if (phase === 'failed') {
    return isOffline
      ? {
          title: 'You are offline',
          text: 'The inbox is read as soon as the connection is back. Nothing is lost.',
          tone: 'quiet',
          canRetry: true,
        }
      : {
          title: 'The inbox could not be read',
          text: 'Nothing is lost; the server did not answer.',
          tone: 'failed',
          canRetry: true,
        }
  }
  if (filter.unreadOnly)
    return { title: 'All read', text: 'Nothing is waiting for you.', tone: 'done', canRetry: false }
  if (filter.family !== null)
    return {
      title: 'Nothing of this kind',
      text: 'Choose another kind to see more.',
      tone: 'quiet',
      canRetry: false,
    }
  return {
    title: 'Nothing here yet',
    text: 'Photos, voice notes and reports are listed here as they are worked on.',
    tone: 'quiet',
    canRetry: false,
  }
}

function bannerOf({ markFailed, readFailed }: InboxState, isOffline: boolean): string | null {
  if (markFailed) return 'That could not be saved. Try again in a moment.'
  if (isOffline) return 'Offline. What happens now is added as soon as the connection is back.'
  return readFailed ? 'The latest state could not be read; what you see may be out of date.' : null
}
