/** The sections of an incident's page below the photos. */

import type { Incident } from '../records.ts'
import { Attachments } from './attachments.tsx'
import type { Extras } from './create-extras.ts'
import { Reports } from './reports.tsx'
import { VoiceNotes } from './voice-notes.tsx'

export function Sections({ incident, extras }: { incident: Incident; extras: Extras }) {
  return (
    <>
      <VoiceNotes incident={incident} extras={extras} />
      <Attachments incident={incident} extras={extras} />
      <Reports incident={incident} extras={extras} />
    </>
  )
}
