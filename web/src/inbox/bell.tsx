/** The button that opens the inbox, with the number of unseen notifications. */

import './base.css'
import './bell.css'
import type { ReadonlySignal } from '@preact/signals'
import { plural } from '../shared/format.ts'
import { Icon } from '../ui/icon.tsx'
import { INBOX_ICONS } from './icons.ts'

export interface BellProps {
  unseenCount: ReadonlySignal<number>
  isOpen: ReadonlySignal<boolean>
  /** Opens the inbox together with Alt: a `KeyboardEvent.code`; null for none. */
  hotkey: string | null
  toggle(): void
}

/** A larger number is shown as `99+`. */
const LARGEST_NUMBER = 99

export function Bell({ unseenCount, isOpen, hotkey, toggle }: BellProps) {
  const count = unseenCount.value
  return (
    <button
      type="button"
      class="cw-bell"
      aria-label={count === 0 ? 'Inbox' : `Inbox, ${plural(count, 'new update')}`}
      aria-haspopup="dialog"
      aria-expanded={isOpen.value}
      aria-keyshortcuts={hotkey === null ? undefined : `Alt+${hotkey.replace(/^Key/, '')}`}
      onClick={toggle}
    >
      <Icon paths={INBOX_ICONS.bell} class="cw-icon" />
      {count > 0 && (
        <span class="cw-bell__badge" aria-hidden="true">
          {count > LARGEST_NUMBER ? `${LARGEST_NUMBER}+` : count}
        </span>
      )}
    </button>
  )
}
