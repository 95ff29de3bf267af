/** What stands in place of lines: that there are none, why they could not be read, or that they are being read. */

import './empty-inbox.css'
import { Icon } from '../ui/icon.tsx'
import { INBOX_ICONS } from './icons.ts'
import { emptyWords } from './state-words.ts'
import type { InboxState } from './store.ts'

const SKELETON_LINES = [1, 2, 3, 4, 5, 6]

export function EmptyInbox({ state, retry }: { state: InboxState; retry(): void }) {
  if (state.phase === 'loading') {
    return (
      <>
        <div class="cw-visually-hidden" role="status">
          Loading
        </div>
        <div class="cw-inbox__skeleton" aria-hidden="true">
          {SKELETON_LINES.map((line) => (
            <div key={line}>
              <span />
              <span />
              <span />
            </div>
          ))}
        </div>
      </>
    )
  }
  const { title, text, tone, canRetry } = emptyWords(state)
  return (
    <div class="cw-inbox__note" role="status" data-tone={tone}>
      <span class="cw-inbox__note-icon">
        <Icon paths={tone === 'done' ? INBOX_ICONS.check : INBOX_ICONS.bell} class="cw-icon" />
      </span>
      <p class="cw-inbox__note-title">{title}</p>
      <p>{text}</p>
      {canRetry && (
        <button type="button" class="cw-inbox__retry" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}
