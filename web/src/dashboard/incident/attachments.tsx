/** The files of an incident that are neither photos nor voice notes. */

import type { Incident } from '../records.ts'
import { AttachmentRow } from './attachment-row.tsx'
import type { Extras } from './create-extras.ts'
import { Section } from './section.tsx'

export function Attachments({ incident, extras }: { incident: Incident; extras: Extras }) {
  const attachments = incident.documents.filter(({ kind }) => kind === 'attachment')
  return (
    <Section title="Attachments" count={attachments.length}>
      {attachments.map((document) => (
        <AttachmentRow key={document.id} document={document} download={extras.download} />
      ))}
    </Section>
  )
}
