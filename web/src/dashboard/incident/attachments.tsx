/** The files of an incident that are neither photos nor voice notes. */

import type { Incident, IncidentDocument } from '../records.ts'
import { AttachmentRow } from './attachment-row.tsx'
import type { Extras } from './create-extras.ts'
import { Section } from './section.tsx'

/** The film of a live photo is shown with its photo, unless it could not be kept. */
function isOwnAttachment({ kind, filmOf, job }: IncidentDocument): boolean {
  return kind === 'attachment' && (filmOf === null || job?.status === 'failed')
}

export function Attachments({ incident, extras }: { incident: Incident; extras: Extras }) {
  const attachments = incident.documents.filter(isOwnAttachment)
  return (
    <Section title="Attachments" count={attachments.length}>
      {attachments.map((document) => (
        <AttachmentRow key={document.id} document={document} download={extras.download} />
      ))}
    </Section>
  )
}
