/** One line of the inbox: what happened to which document, and buttons to mark it and to download a report. */

import './base.css'
import './inbox-item.css'
import { sentence } from '../shared/format.ts'
import { type MessageWords, messageWords } from '../shared/message-words.ts'
import { safeUrl } from '../shared/safe-url.ts'
import { Icon } from '../ui/icon.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { INBOX_ICONS, TOPIC_ICONS } from './icons.ts'
import type { InboxItem } from './notices.ts'

export interface InboxItemProps {
  item: InboxItem
  /** Id of the signed-in user. */
  self: string | null
  /** Name of the document; null where it is not known. */
  subject: string | null
  /** Title of the incident; null where it is not known. */
  incident: string | null
  /** Where the document is shown; null for nowhere. */
  href: string | null
  /** One line of the list is current: the keys act on it, and the Tab key reaches its link and buttons. */
  isCurrent: boolean
  /** The link was followed in this page. */
  opened(item: InboxItem): void
  toggleRead(item: InboxItem): void
  /** Whether the list shows lines that were put aside. */
  isDone: boolean
  toggleDone(item: InboxItem): void
  download(reportId: string): void
}

/** Attributes of the list item around a line. */
export function itemAttributes({ thread, message, unread }: InboxItem) {
  const { topic, tone } = messageWords(message, null)
  return {
    class: 'cw-inbox__item',
    'data-thread': thread,
    'data-topic': topic,
    'data-tone': tone,
    'data-unread': unread ? '' : undefined,
  }
}

export function InboxItemView(props: InboxItemProps) {
  const { item, self, subject, incident, href, isCurrent, opened, toggleRead, isDone, toggleDone, download } =
    props
  const { message, unread, seqs } = item
  const words = messageWords(message, self)
  const type = 'documentType' in message ? sentence(String(message.documentType)) : null
  const about = [subject ?? type, incident].filter((part) => part !== null && part !== '')
  const detail = detailOf(words, seqs.length)
  const name = [words.title, ...about].join(', ')
  const tabIndex = isCurrent ? 0 : -1
  const address = href === null ? null : safeUrl(href)
  const reportId =
    words.topic === 'report' && words.tone === 'done' && 'reportId' in message && message.reportId
  const content = (
    <>
      <span class="cw-inbox__icon">
        <Icon paths={TOPIC_ICONS[words.topic]} class="cw-icon" />
      </span>
      <span class="cw-inbox__title">{words.title}</span>
      <RelativeTime class="cw-inbox__time" iso={message.timestamp} />
      {about.length > 0 && <span class="cw-inbox__about">{about.join(' · ')}</span>}
      {detail !== '' && <span class="cw-inbox__detail">{detail}</span>}
      <span class="cw-visually-hidden">{unread ? 'Unread' : ''}</span>
      {words.progress !== null && (
        <span class="cw-inbox__progress">
          <span style={{ '--cw-progress': words.progress / 100 }} />
        </span>
      )}
    </>
  )
  const link = {
    class: 'cw-inbox__link',
    tabIndex,
    onClick: ({ ctrlKey, metaKey, shiftKey }: MouseEvent) => {
      if (!(ctrlKey || metaKey || shiftKey)) opened(item)
    },
  }
  return (
    <>
      {address === null ? (
        <button type="button" {...link}>
          {content}
        </button>
      ) : (
        <a href={address} {...link}>
          {content}
        </a>
      )}
      <div class="cw-inbox__buttons">
        {reportId !== false && (
          <button
            type="button"
            class="cw-inbox__download"
            tabIndex={tabIndex}
            aria-label={`Download: ${name}`}
            title="Download"
            onClick={() => download(reportId)}
          >
            <Icon paths={INBOX_ICONS.download} class="cw-icon" />
          </button>
        )}
        <button
          type="button"
          class="cw-inbox__download"
          tabIndex={tabIndex}
          aria-label={`${isDone ? 'Take back' : 'Done'}: ${name}`}
          title={isDone ? 'Take back (d)' : 'Done (d)'}
          onClick={() => toggleDone(item)}
        >
          <Icon paths={isDone ? INBOX_ICONS.back : INBOX_ICONS.check} class="cw-icon" />
        </button>
        <button
          type="button"
          class="cw-inbox__mark"
          tabIndex={tabIndex}
          aria-label={`${unread ? 'Mark as read' : 'Mark as unread'}: ${name}`}
          title={unread ? 'Mark as read (e)' : 'Mark as unread (e)'}
          onClick={() => toggleRead(item)}
        />
      </div>
    </>
  )
}

function detailOf({ detail, tone, progress }: MessageWords, updates: number): string {
  if (tone === 'busy')
    return [detail, progress ? `${progress} %` : ''].filter(Boolean).join(' · ') || 'Starting'
  const count = updates > 2 ? `${updates} updates` : ''
  return [detail, count].filter(Boolean).join(' · ')
}
