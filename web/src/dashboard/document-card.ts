/** One document: picture, live status, progress, and what to do when it failed. */

import { h, setText } from '../shared/dom.ts'
import { fileSize, sentence } from '../shared/format.ts'
import { type IconName, icon } from './icons.ts'
import type { IncidentDocument } from './records.ts'
import { type CardStatus, STATUS_LABELS } from './status-labels.ts'

export interface DocumentCardData {
  document: IncidentDocument
  /** Of the thumbnail; null while there is none. */
  url: string | null
  /** Address of the large picture with what is known of it. */
  href: string
  retrying: boolean
}

export interface DocumentCardActions {
  retry(jobId: string): void
  /** The picture could not be loaded from the URL. */
  pictureFailed(document: IncidentDocument): void
}

const KIND_ICONS: Record<IncidentDocument['kind'], IconName> = {
  photo: 'photo',
  audio: 'audio',
  attachment: 'attachment',
}

export class DocumentCard {
  readonly element: HTMLElement
  readonly #actions: DocumentCardActions
  readonly #image = h('img', { class: 'card__image', attrs: { alt: '', decoding: 'async', hidden: true } })
  readonly #link = h('a', { class: 'card__open' })
  readonly #placeholder = h('div', { class: 'card__placeholder' })
  readonly #bar = h(
    'div',
    { class: 'bar', attrs: { role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 } },
    h('div', {}),
  )
  readonly #name = h('p', { class: 'card__name' })
  readonly #pill = h('span', { class: 'pill' })
  readonly #detail = h('p', { class: 'card__detail' })
  readonly #reason = h('p', { class: 'card__reason' })
  readonly #retry = h(
    'button',
    { class: 'button button--small', attrs: { type: 'button' } },
    icon('refresh'),
    'Retry',
  )
  readonly #failure = h('div', { class: 'card__failure' }, this.#reason, this.#retry)
  #data: DocumentCardData

  constructor(data: DocumentCardData, actions: DocumentCardActions) {
    this.#data = data
    this.#actions = actions
    this.#retry.addEventListener('click', () => {
      const { job } = this.#data.document
      if (job !== null) this.#actions.retry(job.id)
    })
    this.#image.addEventListener('load', () => this.element.classList.add('has-picture'))
    this.#image.addEventListener('error', () => {
      this.element.classList.remove('has-picture')
      this.#image.hidden = true
      this.#actions.pictureFailed(this.#data.document)
    })
    this.element = h(
      'li',
      { class: 'card', attrs: { 'data-document-id': data.document.id } },
      h('div', { class: 'card__media' }, this.#placeholder, this.#image, this.#link, this.#bar),
      h(
        'div',
        { class: 'card__body' },
        this.#name,
        h('div', { class: 'card__status' }, this.#pill, this.#detail),
        this.#failure,
      ),
    )
    this.update(data)
  }

  update(data: DocumentCardData): void {
    const { document, url, href, retrying } = data
    const { job } = document
    const status: CardStatus = job?.status ?? 'received'
    const kindChanged = this.#placeholder.dataset.icon !== placeholderIcon(document, status)
    this.#data = data

    this.element.dataset.status = status
    if (kindChanged) {
      const name = placeholderIcon(document, status)
      this.#placeholder.dataset.icon = name
      this.#placeholder.replaceChildren(icon(name))
    }
    const title = document.fileName ?? sentence(document.documentType)
    setText(this.#name, title)
    this.#name.title = title
    setText(this.#pill, STATUS_LABELS[status])
    this.#showPicture(status === 'completed' ? url : null, title)
    this.#link.hidden = status !== 'completed'
    this.#link.href = href
    this.#link.setAttribute('aria-label', `Open ${title}`)

    const working = job !== null && (status === 'processing' || status === 'queued')
    this.#bar.hidden = !working
    if (working) {
      this.#bar.setAttribute('aria-label', `Progress of ${title}`)
      this.#bar.setAttribute('aria-valuenow', String(job.progress))
      this.#bar.style.setProperty('--progress', String(job.progress / 100))
      this.#bar.classList.toggle('bar--waiting', status === 'queued')
    }
    setText(this.#detail, detailOf(document, status))
    this.#detail.hidden = status === 'failed'

    // For those who are asked for it.
    this.#pill.title = job?.errorCode ?? ''
    this.#failure.hidden = status !== 'failed'
    if (job !== null && status === 'failed') {
      setText(this.#reason, job.error ?? 'It could not be processed.')
      this.#retry.disabled = retrying
      this.#retry.classList.toggle('is-busy', retrying)
      this.#retry.setAttribute('aria-label', `Retry ${title}`)
    }
  }

  #showPicture(url: string | null, title: string): void {
    if (url === null) {
      this.#image.hidden = true
      this.#image.removeAttribute('src')
      this.element.classList.remove('has-picture')
      return
    }
    this.#image.alt = title
    // A URL signed anew shows the same picture: what is loaded stays.
    if (this.element.classList.contains('has-picture') || this.#image.getAttribute('src') === url) return
    this.#image.hidden = false
    this.#image.src = url
  }
}

function placeholderIcon(document: IncidentDocument, status: CardStatus): IconName {
  return status === 'failed' ? 'alert' : KIND_ICONS[document.kind]
}

function detailOf(document: IncidentDocument, status: CardStatus): string {
  const { job } = document
  if (status === 'queued') return 'Waiting for its turn'
  if (status === 'processing' && job !== null) {
    const stage = job.stage === null ? 'Starting' : sentence(job.stage)
    return `${stage} · ${job.progress}%`
  }
  const size = document.byteSize === null ? null : fileSize(document.byteSize)
  const pixels =
    document.width === null || document.height === null ? null : `${document.width}×${document.height}`
  const preview = status === 'completed' && document.previewPath === null && document.originalPath !== null
  const parts = [pixels, size, preview ? 'No preview' : null].filter((part) => part !== null)
  return parts.join(' · ') || sentence(document.documentType)
}
