/** What the list is narrowed to, and marking what it shows as read. */

import './filter-bar.css'
import type { JobMessageFamily } from '../../../functions-shared/message-types.ts'
import { KIND_CHOICES } from '../../../functions-shared/message-words.ts'
import { Icon } from '../ui/icon.tsx'
import { INBOX_ICONS } from './icons.ts'
import type { NoticeFilter } from './source.ts'
import type { InboxState } from './store.ts'

export interface FilterBarProps {
  state: InboxState
  changed(filter: NoticeFilter): void
  markAll(): void
}

/** Kinds of jobs by the names that people read; null for every kind. */
const CHOICES: readonly (readonly [JobMessageFamily | null, string])[] = [
  [null, 'Every kind'],
  ...KIND_CHOICES,
]

export function FilterBar({ state, changed, markAll }: FilterBarProps) {
  const { filter, unreadCount, items } = state
  const isEveryKind = filter.family === null
  const isNothingUnread = isEveryKind ? unreadCount === 0 : !items.some(({ unread }) => unread)
  const tab = (label: string, unreadOnly: boolean, done = false) => (
    <button
      type="button"
      class="cw-inbox__tab"
      aria-pressed={filter.unreadOnly === unreadOnly && filter.done === done}
      onClick={() => changed({ ...filter, unreadOnly, done })}
    >
      {label}
    </button>
  )
  return (
    <div class="cw-inbox__filters">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset groups the fields of a form */}
      <div role="group" class="cw-inbox__tabs" aria-label="Show">
        {tab('All', false)}
        {tab('Unread', true)}
        {tab('Done', false, true)}
      </div>
      <select
        class="cw-inbox__kind"
        aria-label="Kind"
        onChange={({ currentTarget }) =>
          changed({ ...filter, family: CHOICES[currentTarget.selectedIndex]?.[0] ?? null })
        }
      >
        {CHOICES.map(([family, label]) => (
          <option key={label} selected={family === filter.family}>
            {label}
          </option>
        ))}
      </select>
      <button type="button" class="cw-inbox__mark-all" aria-disabled={isNothingUnread} onClick={markAll}>
        <Icon paths={INBOX_ICONS.checks} class="cw-icon" />
        <span>{isEveryKind ? 'Mark all as read' : 'Mark these as read'}</span>
      </button>
    </div>
  )
}
