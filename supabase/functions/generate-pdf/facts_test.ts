import { assertEquals } from '../_shared/testing/asserts.ts'
import { type Answer, readFacts } from './facts.ts'
import { ANSWERS, text } from './testing/sample.ts'

const NOTHING_SHOWN = { title: '', description: null, occurredOn: null }

/** The party or vehicle and the field that one answer is matched to. */
function read(ref: string | null, question: string | null, type = 'text', value: unknown = 'x'): string {
  const { parties, vehicles } = readFacts([{ ref, question, type, value }], NOTHING_SHOWN)
  const [group] = [...parties, ...vehicles]
  return group === undefined ? 'other' : `${group.kind} ${group.number ?? '-'} ${group.fields[0]?.field}`
}

const UUID = '01f3a5b7-9c1d-4e2f-8a3b-5c7d9e1f3a5b'

const CASES: readonly (readonly [ref: string | null, question: string | null, expected: string])[] = [
  ['other_driver_name', null, 'otherDriver - name'],
  ['other_driver_phone', null, 'otherDriver - phone'],
  ['otherDriverEmail', null, 'otherDriver - email'],
  ['other_driver_licence', null, 'otherDriver - licence'],
  ['your_driver_born', null, 'ownDriver - born'],
  ['party_2_insurer', null, 'party 2 insurer'],
  ['other_party_policy_number', null, 'otherParty - policy'],
  ['witness_1_name', null, 'witness 1 name'],
  ['witness-12-statement', null, 'witness 12 statement'],
  ['policyholder_address', null, 'reporter - address'],
  ['pedestrian_injury', null, 'pedestrian - injury'],
  ['your_name', null, 'reporter - name'],
  ['your_phone', null, 'reporter - phone'],
  ['insurance_policy', null, 'reporter - policy'],
  ['your_vehicle_plate', null, 'own - plate'],
  ['vehicle_2_make', null, 'any 2 make'],
  ['vehicle2Model', null, 'any 2 model'],
  ['other_vehicle_insurer', null, 'other - insurer'],
  ['other_driver_vehicle_registration', null, 'other - plate'],
  ['car_licence_plate', null, 'any - plate'],
  // Fields without a name: the question decides.
  [UUID, 'Other driver: phone number', 'otherDriver - phone'],
  [UUID, 'What is the registration of your car?', 'own - plate'],
  [UUID, 'Name of witness 2', 'witness 2 name'],
  [null, 'Your full name', 'reporter - name'],
  // About no party and no vehicle.
  ['place', 'Where was it?', 'other'],
  ['police_reference', 'Police reference number', 'other'],
  ['police_phone', 'Phone number of the police station', 'other'],
  ['hospital_name', 'Name of the hospital', 'other'],
  ['weather', 'What was the weather like?', 'other'],
  [UUID, 'How fast was the other car going?', 'other'],
  [null, null, 'other'],
]

for (const [ref, question, expected] of CASES) {
  Deno.test(`the field "${ref ?? ''}" with the question "${question ?? ''}" is ${expected}`, () =>
    assertEquals(read(ref, question), expected))
}

Deno.test('an answer of type email without a subject is the reporter’s address', () => {
  assertEquals(read('contact', 'How can we reach you?', 'email', 'a@example.test'), 'reporter - email')
})

Deno.test('a yes or no question about people is no field of a party', () => {
  assertEquals(read('injured', 'Was anybody hurt?', 'boolean', false), 'other')
  assertEquals(read('know_name', 'Do you know the name?', 'boolean', true), 'other')
})

Deno.test('the sample form gives its parties, vehicles, place and police reference', () => {
  const facts = readFacts(ANSWERS, {
    title: 'Rear-end collision at the traffic light',
    description: String(ANSWERS[1]?.value),
    occurredOn: '2026-11-20',
  })
  assertEquals(
    facts.parties.map(({ kind, number }) => `${kind} ${number ?? ''}`.trim()),
    ['reporter', 'otherDriver', 'witness 1', 'witness 2'],
  )
  assertEquals(
    facts.vehicles.map(({ kind }) => kind),
    ['own', 'other'],
  )
  assertEquals(facts.place?.ref, 'place')
  assertEquals(facts.police?.ref, 'police_reference')
  assertEquals(
    facts.others.map(({ ref }) => ref),
    ['incident_time', 'place', 'weather', 'injured', 'police_reference'],
  )
})

Deno.test('title, description and date are left out once each; other answers with the same value are kept', () => {
  const answers: Answer[] = [
    text('title', 'What happened?', 'A crash'),
    text('noise', 'What did you hear?', 'A crash'),
    { ref: 'incident_date', question: 'When?', type: 'date', value: '2026-11-20' },
    { ref: 'reported_on', question: 'When did you tell the police?', type: 'date', value: '2026-11-20' },
    { ref: 'photo', question: 'Photo', type: 'file_url', value: 'https://files.test/1.jpg' },
    { ref: 'blank', question: 'Blank', type: 'text', value: null },
  ]
  const { others } = readFacts(answers, { title: 'A crash', description: null, occurredOn: '2026-11-20' })
  assertEquals(
    others.map(({ ref }) => ref),
    ['noise', 'reported_on'],
  )
})
