/** A claim with realistic answers, for tests, the benchmark and the picture in the documentation. */

import type { Answer } from '../facts.ts'
import type { ReportDocument, ReportSource, Transcript } from '../source.ts'

const PHOTOS = ['front-damage', 'bumper-close-up', 'intersection-from-above', 'street-at-dusk'] as const
const PHOTOS_FOLDER = new URL('../../../../samples/photos/', import.meta.url)

const RECEIVED = new Date('2026-11-20T18:02:11.000Z')
const INCIDENT_ID = '4f6b0a52-7c1e-4f6e-9d0b-2a8f3f5f1c01'

export function text(ref: string, question: string, value: string): Answer {
  return { ref, question, type: 'text', value }
}

const NARRATIVE = `I was waiting at the red light at Lindenstraße when the silver estate behind me did not stop in time and pushed my car about two metres into the crossing. The road was wet and it was getting dark, but the street lights were on.

The other driver, Mr Παπαδόπουλος, got out at once and apologised. He said that his foot had slipped off the brake. Ms Nguyễn Thị Hường was waiting at the bus stop and saw everything. Nobody was hurt. The boot no longer closes and the bumper is dented and hangs down on the left side; the parking sensors report a fault.

The police came after about twenty minutes, took the particulars of both of us and gave us the reference. We drove both cars to the side of the road before that.`

const QUESTIONS = {
  ...{
    make: 'Make',
    model: 'Model',
    plate: 'Registration',
    year: 'Year',
    colour: 'Colour',
    damage: 'Damage',
  },
  ...{ name: 'Name', phone: 'Phone number', address: 'Address', insurer: 'Insurer', policy: 'Policy number' },
} as const

/** Questions about one subject, e.g. "Make of the other vehicle" under `other_vehicle_make`. */
function about(
  prefix: string,
  subject: string,
  answers: Partial<Record<keyof typeof QUESTIONS, string>>,
): Answer[] {
  return Object.entries(QUESTIONS).flatMap(([property, question]) => {
    const value = Reflect.get(answers, property)
    return typeof value === 'string'
      ? [text(`${prefix}_${property}`, `${question} of ${subject}`, value)]
      : []
  })
}

export const ANSWERS: readonly Answer[] = [
  text('title', 'What happened, in one line?', 'Rear-end collision at the traffic light'),
  text('description', 'Please describe the accident.', NARRATIVE),
  { ref: 'incident_date', question: 'When was it?', type: 'date', value: '2026-11-20' },
  text('incident_time', 'At what time, about?', '17:40'),
  text('place', 'Where was it?', 'Lindenstraße 12, 50674 Köln, Germany'),
  text('weather', 'What were the weather and the road like?', 'Light rain, wet road, dusk'),
  { ref: 'injured', question: 'Was anybody hurt?', type: 'boolean', value: false },
  text('police_reference', 'Police reference number', 'K-2026-118842'),
  text('your_name', 'Your name', 'Zoë Müller-Sørensen'),
  { ref: 'your_phone', question: 'Your phone number', type: 'phone_number', value: '+49 221 5550 142' },
  { ref: 'email', question: 'Your e-mail address', type: 'email', value: 'zoe@example.test' },
  text('your_policy', 'Your policy number', 'KF-77 201 884'),
  ...about('your_vehicle', 'your vehicle', {
    ...{ make: 'Volkswagen', model: 'Golf Variant', plate: 'K-ZM 2041', year: '2021' },
    damage: 'Boot does not close; rear bumper dented; parking sensors',
  }),
  ...about('other_driver', 'the other driver', {
    ...{ name: 'Γιώργος Παπαδόπουλος', phone: '+49 221 5550 187', insurer: 'Rhein-Assekuranz AG' },
    ...{ address: 'Venloer Straße 240, 50823 Köln', policy: 'RA 4402-1187-09' },
  }),
  ...about('other_vehicle', 'the other vehicle', {
    ...{ make: 'Škoda', model: 'Octavia Combi', plate: 'K-GP 881', colour: 'Silver' },
    damage: 'Front bumper, left headlight',
  }),
  ...about('witness_1', 'the first witness', { name: 'Nguyễn Thị Hường', phone: '+49 221 5550 163' }),
  ...about('witness_2', 'the second witness', { name: 'Дмитрий Щербаков 王小明 🚲' }),
]

export function samplePhoto(index: number): ReportDocument {
  const name = PHOTOS[index % PHOTOS.length] ?? PHOTOS[0]
  return {
    id: `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`,
    kind: 'photo',
    sourceRef: `photo_${index + 1}`,
    fileName: `${name}.jpg`,
    label: `${name}.jpg`,
    contentType: 'image/jpeg',
    byteSize: 412_338,
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    receivedAt: RECEIVED,
    previewPath: `${name}`,
    thumbnailPath: `${name}`,
    width: null,
    height: null,
    takenAt: '2026-11-20T17:42:10+01:00',
    takenAtSource: 'original',
    position: { latitude: 50.93213, longitude: 6.94025 },
    camera: 'Pixel 9 Pro',
    duplicateOf: null,
    work: { state: 'completed', error: null },
  }
}

const VOICE_NOTE: ReportDocument = {
  ...samplePhoto(0),
  id: '00000000-0000-4000-8000-0000000000a1',
  kind: 'audio',
  sourceRef: 'voice_note',
  fileName: 'voice-note.m4a',
  label: 'voice-note.m4a',
  contentType: 'audio/mp4',
  byteSize: 318_220,
  previewPath: null,
  thumbnailPath: null,
  takenAt: null,
  takenAtSource: null,
  position: null,
  camera: null,
}

const ATTACHMENT: ReportDocument = {
  ...VOICE_NOTE,
  id: '00000000-0000-4000-8000-0000000000a2',
  kind: 'attachment',
  sourceRef: 'documents',
  fileName: 'police-report-K-2026-118842.pdf',
  label: 'police-report-K-2026-118842.pdf',
  contentType: 'application/pdf',
  byteSize: 1_204_118,
}

export const TRANSCRIPT: Transcript = {
  documentId: VOICE_NOTE.id,
  simulated: false,
  provider: 'openai',
  model: 'whisper-1',
  language: 'en',
  text: 'So, I am standing at Lindenstraße.',
  segments: [
    {
      start: 0,
      end: 6.4,
      text: 'So, I am standing at Lindenstraße now, both cars are at the side of the road.',
    },
    {
      start: 6.4,
      end: 14.9,
      text: 'I was waiting at the red light, with my foot on the brake, and then there was a loud bang.',
    },
    {
      start: 14.9,
      end: 23.2,
      text: 'The other driver says that his foot slipped. There is a witness, she waited at the bus stop.',
    },
    {
      start: 23.2,
      end: 31.7,
      text: 'The boot does not close any more. I do not think that anybody is hurt.',
    },
  ],
  duration: 31.7,
  wordCount: 58,
  work: { state: 'completed', error: null },
}

export interface SampleOptions {
  photos?: number
  language?: string
}

export function sampleSource({ photos = 4, language = 'en' }: SampleOptions = {}): ReportSource {
  const documents = Array.from({ length: photos }, (_, index) => samplePhoto(index))
  return {
    report: {
      id: '7d5c2a90-3b44-4c1d-8f0e-5a6b7c8d9e02',
      incidentId: INCIDENT_ID,
      origin: 'automatic',
      language,
      createdAt: new Date('2026-11-20T18:04:40.000Z'),
      fileName: null,
    },
    incident: {
      id: INCIDENT_ID,
      title: 'Rear-end collision at the traffic light',
      description: NARRATIVE,
      occurredOn: '2026-11-20',
      reporterEmail: 'zoe@example.test',
      createdAt: new Date('2026-11-20T18:01:30.000Z'),
      answers: [
        ...ANSWERS,
        ...documents.map(
          ({ sourceRef }, index): Answer => ({
            ref: sourceRef,
            question: PHOTO_QUESTIONS[index] ?? `Photo ${index + 1}`,
            type: 'file_url',
            value: 'https://files.test/photo.jpg',
          }),
        ),
      ],
    },
    documents: [...documents, VOICE_NOTE, ATTACHMENT],
    transcripts: [TRANSCRIPT],
    custody: { number: 12, hash: 'c0ffee'.padEnd(64, '0') },
  }
}

const PHOTO_QUESTIONS = ['The damage from the front', 'The bumper, close up', 'The crossing', 'The street']

/** A sample photo's bytes, by the name in `previewPath`. */
export async function loadSamplePhoto({ previewPath }: ReportDocument): Promise<Uint8Array | null> {
  return previewPath === null ? null : await Deno.readFile(new URL(`${previewPath}.jpg`, PHOTOS_FOLDER))
}
