/** The photos of an incident. */

import './photos.css'
import type { Incident } from '../records.ts'
import { PhotoCard } from './photo-card.tsx'
import { Section } from './section.tsx'

export function Photos({ incident }: { incident: Incident }) {
  const photos = incident.documents.filter(({ kind }) => kind === 'photo')
  return (
    <Section title="Photos" count={photos.length} list="cards" empty="No photos yet.">
      {photos.map((photo) => (
        <PhotoCard key={photo.id} incidentId={incident.id} document={photo} />
      ))}
    </Section>
  )
}
