/** One line of the inbox: built once, changed in place. Text only; nothing in here interprets markup. */

import { h, setText } from '../shared/dom.ts'
import { dateTime, relativeTime, sentence } from '../shared/format.ts'
import { type JobWords, jobWords } from '../shared/job-words.ts'
import { safeUrl } from '../shared/safe-url.ts'
import { inboxIcon } from './icons.ts'
import type { InboxItem } from './notices.ts'

export interface ItemHandlers {
  /** The link was followed in this page. */
  opened(item: InboxItem): void
  toggleRead(item: InboxItem): void
  download(reportId: string): void
}

export interface ItemContext {
  /** The document's name. */
  subject: string | null
  /** The incident's title. */
  incident: string | null
  href: string | null
  /** Within reach of the Tab key: one line of the list is. */
  current: boolean
  now: number
}

export class ItemElement {
  readonly element: HTMLLIElement
  readonly #icon = h('span', { class: 'cw-inbox__icon' })
  readonly #title = h('span', { class: 'cw-inbox__title' })
  readonly #time = h('time', { class: 'cw-inbox__time' })
  readonly #about = h('span', { class: 'cw-inbox__about' })
  readonly #detail = h('span', { class: 'cw-inbox__detail' })
  readonly #unread = h('span', { class: 'cw-visually-hidden' })
  readonly #bar = h('span', { class: 'cw-inbox__progress' }, h('span', {}))
  readonly #link: HTMLAnchorElement
  readonly #mark: HTMLButtonElement
  readonly #download: HTMLButtonElement
  #item: InboxItem

  constructor(item: InboxItem, handlers: ItemHandlers) {
    this.#item = item
    this.#link = h(
      'a',
      {
        class: 'cw-inbox__link',
        on: {
          click: ({ ctrlKey, metaKey, shiftKey }) => {
            if (!(ctrlKey || metaKey || shiftKey)) handlers.opened(this.#item)
          },
        },
      },
      this.#icon,
      this.#title,
      this.#time,
      this.#about,
      this.#detail,
      this.#unread,
      this.#bar,
    )
    this.#mark = h('button', {
      class: 'cw-inbox__mark',
      attrs: { type: 'button' },
      on: { click: () => handlers.toggleRead(this.#item) },
    })
    this.#download = h(
      'button',
      {
        class: 'cw-inbox__download',
        attrs: { type: 'button' },
        on: {
          click: () => {
            const { message } = this.#item
            if ('reportId' in message) handlers.download(message.reportId)
          },
        },
      },
      inboxIcon('download'),
    )
    this.element = h(
      'li',
      { class: 'cw-inbox__item', attrs: { 'data-job': item.jobId } },
      this.#link,
      h('div', { class: 'cw-inbox__buttons' }, this.#download, this.#mark),
    )
  }

  update(item: InboxItem, { subject, incident, href, current, now }: ItemContext): void {
    this.#item = item
    const { message, unread, seqs } = item
    const words = jobWords(message)
    const { element } = this
    if (element.dataset.topic !== words.topic) {
      element.dataset.topic = words.topic
      this.#icon.replaceChildren(inboxIcon(words.topic))
    }
    element.dataset.tone = words.tone
    element.toggleAttribute('data-unread', unread)
    setText(this.#title, words.title)
    setText(this.#time, relativeTime(message.timestamp, now))
    this.#time.dateTime = message.timestamp
    this.#time.title = dateTime(message.timestamp)
    const type = 'documentType' in message ? sentence(String(message.documentType)) : null
    const about = [subject ?? type, incident].filter((part) => part !== null && part !== '')
    setText(this.#about, about.join(' · '))
    this.#about.hidden = about.length === 0
    setText(this.#detail, detailOf(words, seqs.length))
    this.#detail.hidden = this.#detail.textContent === ''
    setText(this.#unread, unread ? 'Unread' : '')
    this.#bar.hidden = words.progress === null
    if (words.progress !== null) this.#bar.style.setProperty('--cw-progress', String(words.progress / 100))

    const address = href === null ? null : safeUrl(href)
    if (address === null) {
      this.#link.removeAttribute('href')
      this.#link.setAttribute('role', 'button')
    } else {
      this.#link.setAttribute('href', address)
      this.#link.removeAttribute('role')
    }
    for (const each of [this.#link, this.#mark, this.#download]) each.tabIndex = current ? 0 : -1
    const name = [words.title, ...about].join(', ')
    this.#mark.setAttribute('aria-label', `${unread ? 'Mark as read' : 'Mark as unread'}: ${name}`)
    this.#mark.title = unread ? 'Mark as read (e)' : 'Mark as unread (e)'
    this.#download.hidden = !(words.topic === 'report' && words.tone === 'done')
    this.#download.setAttribute('aria-label', `Download: ${name}`)
    this.#download.title = 'Download'
  }

  focus(): void {
    this.#link.focus()
  }

  open(): void {
    this.#link.click()
  }
}

function detailOf({ detail, tone, progress }: JobWords, updates: number): string {
  if (tone === 'busy')
    return [detail, progress ? `${progress} %` : ''].filter(Boolean).join(' · ') || 'Starting'
  const count = updates > 2 ? `${updates} updates` : ''
  return [detail, count].filter(Boolean).join(' · ')
}
