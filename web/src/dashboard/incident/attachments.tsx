/** The files of an incident that are neither photos nor voice notes. */

import { livePhotoFilms } from '../../../../functions-shared/live-photo.ts'
import type { Incident } from '../records.ts'
import { AttachmentRow } from './attachment-row.tsx'
import type { Extras } from './create-extras.ts'
import { Section } from './section.tsx'

export function Attachments({ incident, extras }: { incident: Incident; extras: Extras }) {
  // The film of a live photo is shown with its photo, unless it could not be kept.
  const films = new Set(livePhotoFilms(incident.documents).values())
  const attachments = incident.documents.filter(
    (document) =>
      document.kind === 'attachment' && (!films.has(document) || document.job?.status === 'failed'),
  )
  return (
    <Section title="Attachments" count={attachments.length}>
      {attachments.map((document) => (
        <AttachmentRow key={document.id} document={document} download={extras.download} />
      ))}
    </Section>
  )
}
