/** Attachments: files that are kept as they came, with a download. */

import { reconcile } from '../../shared/dom.ts'
import { fileSize, plural, sentence } from '../../shared/format.ts'
import { icon } from '../icons.ts'
import type { Incident, IncidentDocument } from '../records.ts'
import { createFileRow } from './file-row.ts'
import { iconButton } from './parts.ts'
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
  const row = createFileRow({
    icon: icon('attachment'),
    attrs: { 'data-document-id': first.id },
    download: iconButton('download', 'Download the original', () => actions.download(shown)),
    retry: actions.retry,
  })
  return {
    element: row.element,
    update(document: IncidentDocument, retrying: boolean): void {
      shown = document
      const title = document.fileName ?? sentence(document.documentType)
      const { job, originalPath } = document
      row.update(
        { job, title, tooltip: title, facts: factsOf(document), isThere: originalPath !== null },
        retrying,
      )
    },
  }
}

function factsOf(document: IncidentDocument): (string | null)[] {
  const { contentType, byteSize, pageCount, note, active, duplicateOf } = document
  return [
    note,
    contentType === 'application/pdf' ? 'PDF' : contentType,
    pageCount === null ? null : plural(pageCount, 'page'),
    byteSize === null ? null : fileSize(byteSize),
    duplicateOf === null ? null : 'the same file as an earlier one',
    active ? 'contains scripts or other files' : null,
  ]
}
