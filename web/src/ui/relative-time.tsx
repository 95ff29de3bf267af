/** A time as people say it, e.g. `3 min. ago`; the full date and time is its tooltip. */

import { dateTime, relativeTime } from '../shared/format.ts'
import { now } from './clock.ts'

export function RelativeTime({ iso, class: name }: { iso: string; class: string }) {
  return (
    <time class={name} dateTime={iso} title={dateTime(iso)}>
      {relativeTime(iso, now.value)}
    </time>
  )
}
