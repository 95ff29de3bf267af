/** The words of a report that are not the reporter's, by language. */

import type { PartyField, PartyRole, VehicleField } from './facts.ts'
import type { MissingScript } from './text.ts'
import { GERMAN } from './words-de.ts'
import { ENGLISH } from './words-en.ts'

export interface Words {
  /** BCP 47 tag of these words. */
  language: string
  report: string
  contents: string
  page: (number: number, count: number) => string
  sections: {
    incident: string
    parties: string
    vehicles: string
    narrative: string
    voiceNotes: string
    photos: string
    files: string
    about: string
  }
  facts: {
    date: string
    place: string
    police: string
    reported: string
    reporter: string
    claim: string
    report: string
    files: string
  }
  fileCounts: (photos: number, voiceNotes: number, others: number) => string
  table: { question: string; answer: string; party: string; vehicle: string; time: string; text: string }
  files: { name: string; kind: string; size: string; received: string }
  kinds: { photo: string; audio: string; attachment: string }
  roles: Record<PartyRole, string>
  partyFields: Record<PartyField, string>
  contact: string
  insuranceAndMore: string
  makeAndModel: string
  ownVehicle: string
  otherVehicle: string
  anyVehicle: string
  vehicleFields: Record<VehicleField, string>
  photo: {
    title: (number: number) => string
    taken: string
    cameraTime: string
    position: string
    camera: string
    received: string
    file: string
    pixels: string
    sha256: string
    unknown: string
    noPreview: string
    failed: string
    pending: string
    tooMany: string
    sameAs: string
  }
  transcript: {
    title: (number: number) => string
    duration: string
    words: string
    language: string
    provider: string
    simulatedTitle: string
    simulated: string
    failed: string
    pending: string
    empty: string
  }
  narrativeMissing: string
  noParties: string
  noVehicles: string
  noPhotos: string
  noFiles: string
  yes: string
  no: string
  about: (facts: { automatic: boolean; created: string }) => string[]
  marksNote: string
  missingCharacters: (count: number, script: MissingScript) => string
}

const LANGUAGES: readonly Words[] = [ENGLISH, GERMAN]

/** The words for a tag by its language, English where there are none: a report in English beats none. */
export function wordsFor(tag: string): Words {
  const [language] = tag.toLowerCase().split('-')
  return LANGUAGES.find((words) => words.language === language) ?? ENGLISH
}
