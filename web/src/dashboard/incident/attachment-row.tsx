/** One attachment: what is known of the file, and a download of the original. */

import './row-item.css'
import { fileSize, plural } from '../../shared/format.ts'
import { documentName } from '../incidents.ts'
import type { IncidentDocument } from '../records.ts'
import { DownloadOriginal } from './download-original.tsx'
import { EXTRA_ICONS } from './extra-icons.ts'
import { JobBar } from './job-bar.tsx'
import { JobFailure } from './job-failure.tsx'
import { RowHead } from './row-head.tsx'
import { useLinked } from './use-linked.ts'

export interface AttachmentRowProps {
  document: IncidentDocument
  download(document: IncidentDocument): void
}

export function AttachmentRow({ document, download }: AttachmentRowProps) {
  const { id, job } = document
  const title = documentName(document)
  const linked = useLinked<HTMLLIElement>({ documents: id })
  return (
    <li ref={linked.ref} class={`row-item ${linked.class}`} data-document-id={id}>
      <RowHead icon={EXTRA_ICONS.attachment} title={title} job={job} facts={factsOf(document)}>
        <DownloadOriginal document={document} title={title} download={download} />
      </RowHead>
      <JobBar job={job} title={title} line />
      <JobFailure job={job} title={title} />
    </li>
  )
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
