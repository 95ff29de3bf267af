/** The number of notes that came while the notes were not on the screen. */

import type { Extras } from './create-extras.ts'

export function UnreadNotes({ extras }: { extras: Extras }) {
  const unread = extras.room.value?.unread.value ?? 0
  return unread === 0 ? null : <span class="tab__count">{unread}</span>
}
