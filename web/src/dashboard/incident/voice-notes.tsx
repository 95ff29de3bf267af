/** The voice notes of an incident. */

import type { Incident } from '../records.ts'
import type { Extras } from './create-extras.ts'
import { Section } from './section.tsx'
import { VoiceNote } from './voice-note.tsx'

export function VoiceNotes({ incident, extras }: { incident: Incident; extras: Extras }) {
  const recordings = incident.documents.filter(({ kind }) => kind === 'audio')
  return (
    <Section title="Voice notes" count={recordings.length}>
      {recordings.map((document) => (
        <VoiceNote
          key={document.id}
          document={document}
          transcription={incident.transcriptions.find(({ documentId }) => documentId === document.id) ?? null}
          download={extras.download}
        />
      ))}
    </Section>
  )
}
