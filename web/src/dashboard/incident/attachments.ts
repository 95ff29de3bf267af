/** Attachments: files that are kept as they came, with a download. */

import { h, reconcile, setText } from '../../shared/dom.ts'
import { fileSize, plural, sentence } from '../../shared/format.ts'
import { icon } from '../icons.ts'
import type { Incident, IncidentDocument } from '../records.ts'
import { iconButton, JobStatusView } from './parts.ts'
import { createSection } from './section.ts'

export interface Attachments {
  element: HTMLElement
  update(incident: Incident, retrying: ReadonlySet<string>): void
}

export interface AttachmentActions {
  retry(jobId: string): void
  download(document: IncidentDocument): void
}

export function createAttachments(actions: AttachmentActions): Attachments {
  const section = createSection({ title: 'Attachments' })
  const updates = new WeakMap<HTMLElement, (document: IncidentDocument, retrying: boolean) => void>()
  return {
    element: section.element,
    update(incident, retrying) {
      const documents = incident.documents.filter(({ kind }) => kind === 'attachment')
      section.count(documents.length)
      reconcile(section.list, documents, {
        key: ({ id }) => id,
        create: (document) => {
          const { element, update } = createRow(document, actions)
          updates.set(element, update)
          return element
        },
        update: (element, document) =>
          updates.get(element)?.(document, document.job !== null && retrying.has(document.job.id)),
      })
    },
  }
}

function createRow(first: IncidentDocument, actions: AttachmentActions) {
  let shown = first
  const name = h('p', { class: 'row-item__name' })
  const facts = h('p', { class: 'row-item__facts' })
  const status = new JobStatusView(actions.retry)
  const download = iconButton('download', 'Download the original', () => actions.download(shown))
  const element = h(
    'li',
    { class: 'row-item', attrs: { 'data-document-id': first.id } },
    h(
      'div',
      { class: 'row-item__head' },
      h('span', { class: 'row-item__icon' }, icon('attachment')),
      h('div', { class: 'row-item__titles' }, name, facts),
      status.pill,
      download,
    ),
    status.bar,
    status.failure,
  )
  return {
    element,
    update(document: IncidentDocument, retrying: boolean): void {
      shown = document
      const title = document.fileName ?? sentence(document.documentType)
      setText(name, title)
      name.title = title
      const doing = status.update(document.job, title, retrying)
      setText(facts, doing === '' ? factsOf(document) : doing)
      download.hidden = document.originalPath === null
      download.setAttribute('aria-label', `Download ${title}`)
    },
  }
}

function factsOf({ contentType, byteSize, pageCount, note, active, duplicateOf }: IncidentDocument): string {
  return [
    note,
    contentType === 'application/pdf' ? 'PDF' : contentType,
    pageCount === null ? null : plural(pageCount, 'page'),
    byteSize === null ? null : fileSize(byteSize),
    duplicateOf === null ? null : 'the same file as an earlier one',
    active ? 'contains scripts or other files' : null,
  ]
    .filter((part) => part !== null)
    .join(' · ')
}
