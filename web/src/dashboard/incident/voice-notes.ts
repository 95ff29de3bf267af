/** Voice notes: the original to listen to, and the transcript as it is recognised. */

import { h, reconcile, setText } from '../../shared/dom.ts'
import { plural } from '../../shared/format.ts'
import type { Incident, IncidentDocument, Transcription } from '../records.ts'
import type { ObjectRef } from '../signed-urls.ts'
import { clock, iconButton, JobStatusView } from './parts.ts'
import { createSection } from './section.ts'

export interface VoiceNotes {
  element: HTMLElement
  update(incident: Incident, retrying: ReadonlySet<string>): void
}

export interface VoiceNoteActions {
  retry(jobId: string): void
  download(document: IncidentDocument): void
  urlOf(ref: ObjectRef): string | null
}

interface Item {
  document: IncidentDocument
  transcription: Transcription | null
  retrying: boolean
}

export function createVoiceNotes(actions: VoiceNoteActions): VoiceNotes {
  const section = createSection({ title: 'Voice notes' })
  const views = new WeakMap<HTMLElement, VoiceNoteView>()
  return {
    element: section.element,
    update(incident, retrying) {
      const items = incident.documents
        .filter(({ kind }) => kind === 'audio')
        .map((document): Item => {
          const transcription =
            incident.transcriptions.find(({ documentId }) => documentId === document.id) ?? null
          const job = transcription?.job ?? document.job
          return { document, transcription, retrying: job !== null && retrying.has(job.id) }
        })
      section.count(items.length)
      reconcile(section.list, items, {
        key: ({ document }) => document.id,
        create: (item) => {
          const view = new VoiceNoteView(item.document, actions)
          views.set(view.element, view)
          return view.element
        },
        update: (element, item) => views.get(element)?.update(item),
      })
    },
  }
}

class VoiceNoteView {
  readonly element: HTMLElement
  readonly #actions: VoiceNoteActions
  readonly #status: JobStatusView
  readonly #name = h('p', { class: 'row-item__name' })
  readonly #facts = h('p', { class: 'row-item__facts' })
  readonly #audio = h('audio', { class: 'voice__audio', attrs: { controls: true, preload: 'none' } })
  readonly #simulated = h(
    'p',
    { class: 'voice__simulated' },
    h('strong', {}, 'Simulated.'),
    ' No speech was recognised: this stack has no transcription provider, and a stand-in wrote the text.',
  )
  readonly #text = h('div', { class: 'voice__text' })
  readonly #download: HTMLButtonElement
  #document: IncidentDocument
  #shownText = ''
  #segmentStarts: readonly number[] = []

  constructor(document: IncidentDocument, actions: VoiceNoteActions) {
    this.#document = document
    this.#actions = actions
    this.#status = new JobStatusView(actions.retry)
    this.#download = iconButton('download', 'Download the original', () => actions.download(this.#document))
    this.#audio.addEventListener('timeupdate', () => this.#mark(this.#audio.currentTime))
    this.element = h(
      'li',
      { class: 'voice', attrs: { 'data-document-id': document.id } },
      h(
        'div',
        { class: 'row-item__head' },
        h('div', { class: 'row-item__titles' }, this.#name, this.#facts),
        this.#status.pill,
        this.#download,
      ),
      this.#status.bar,
      this.#audio,
      this.#simulated,
      this.#text,
      this.#status.failure,
    )
  }

  update({ document, transcription, retrying }: Item): void {
    this.#document = document
    const title = document.fileName ?? 'Voice note'
    const job = transcription?.job ?? document.job
    const doing = this.#status.update(job, title, retrying)
    setText(this.#name, title)
    this.#name.title = title
    this.#download.setAttribute('aria-label', `Download ${title}`)
    setText(this.#facts, doing === '' ? factsOf(transcription) : doing)
    this.#showOriginal(document, title)
    this.#simulated.hidden = transcription?.simulated !== true
    this.#showText(transcription, job?.status === 'processing')
  }

  #showOriginal(document: IncidentDocument, title: string): void {
    const { originalPath } = document
    this.#download.hidden = originalPath === null
    const url =
      originalPath === null ? null : this.#actions.urlOf({ bucket: 'originals', path: originalPath })
    this.#audio.hidden = originalPath === null
    this.#audio.setAttribute('aria-label', `Listen to ${title}`)
    // A URL signed anew would stop what is being played.
    if (url !== null && !this.#audio.hasAttribute('src')) this.#audio.src = url
  }

  #showText(transcription: Transcription | null, working: boolean): void {
    this.#text.classList.toggle('is-arriving', working)
    this.#text.setAttribute('aria-busy', String(working))
    const text = transcription?.text ?? ''
    const segments = transcription?.segments ?? []
    this.#text.hidden = text === '' && segments.length === 0
    const key = `${segments.length}:${text}`
    if (key === this.#shownText) return
    this.#shownText = key
    this.#segmentStarts = segments.map(({ start }) => start)
    if (segments.length === 0) {
      this.#text.replaceChildren(h('p', {}, text))
      return
    }
    this.#text.replaceChildren(
      ...segments.map(({ start, text: said }) =>
        h(
          'p',
          { class: 'segment' },
          h(
            'button',
            {
              class: 'segment__time',
              attrs: { type: 'button', 'aria-label': `Play from ${clock(start)}` },
              on: { click: () => this.#playFrom(start) },
            },
            clock(start),
          ),
          h('span', {}, said),
        ),
      ),
    )
  }

  #playFrom(seconds: number): void {
    this.#audio.currentTime = seconds
    this.#audio.play().catch(() => {
      // The browser cannot play the format; the original can still be downloaded.
    })
  }

  /** The segment that is being heard. */
  #mark(seconds: number): void {
    const current = this.#segmentStarts.findLastIndex((start) => start <= seconds)
    Array.from(this.#text.children).forEach((child, index) => {
      child.classList.toggle('is-current', index === current && !this.#audio.paused)
    })
  }
}

function factsOf(transcription: Transcription | null): string {
  if (transcription === null) return ''
  const { duration, wordCount, language, provider, simulated } = transcription
  return [
    duration === null ? null : clock(duration),
    wordCount === null ? null : plural(wordCount, 'word'),
    language,
    simulated ? null : provider,
  ]
    .filter((part) => part !== null)
    .join(' · ')
}
