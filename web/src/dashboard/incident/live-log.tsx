/** The live log: messages and changes of the connection as they happen, newest first. */

import './event.css'
import { clockTime } from '../../shared/format.ts'
import { useStore } from '../../ui/use-store.ts'
import type { LogEntry } from '../activity-log.ts'
import { useDashboard } from '../dashboard-context.ts'
import { logWords } from './log-words.ts'

export function LiveLog() {
  const { entries } = useStore(useDashboard().log)
  return (
    <div class="activity">
      {entries.length === 0 && <p class="activity__empty">Events appear here as they happen.</p>}
      <ol class="activity__list">
        {entries.map((entry) => (
          <LogLine key={entry.key} entry={entry} />
        ))}
      </ol>
    </div>
  )
}

function LogLine({ entry }: { entry: LogEntry }) {
  const { state, store, userId } = useDashboard()
  const { at, message, delayMs } = entry
  // The name of a document may become known after the message about it.
  const subject = state.value && message !== null ? store.subjectOf(message) : null
  const { tone, title, detail } = logWords(entry, subject, userId)
  return (
    <li class="event" data-tone={tone}>
      <span class="event__dot" aria-hidden="true" />
      <span class="event__title">{title}</span>
      <span class="event__delay">{delayMs !== null && `${delayMs} ms`}</span>
      <span class="event__detail">{detail}</span>
      <time class="event__time" dateTime={at}>
        {clockTime(at)}
      </time>
    </li>
  )
}
