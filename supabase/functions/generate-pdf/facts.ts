/**
 * Finds parties and vehicles in the answers of a form. A field's name (`ref`) is matched first: `other_driver_phone`,
 * `vehicle_2_plate`, `witness_1_name`. A field without such a name is matched by its question, e.g. "Other driver:
 * phone number". An answer about no party and no vehicle stays a plain answer.
 */

export interface Answer {
  ref: string | null
  question: string | null
  type: string
  value: unknown
}

export type PartyRole =
  | 'reporter'
  | 'ownDriver'
  | 'otherDriver'
  | 'driver'
  | 'party'
  | 'otherParty'
  | 'passenger'
  | 'witness'
  | 'owner'
  | 'pedestrian'
  | 'cyclist'

export type PartyField =
  | 'name'
  | 'role'
  | 'phone'
  | 'email'
  | 'address'
  | 'born'
  | 'licence'
  | 'insurer'
  | 'policy'
  | 'claim'
  | 'injury'
  | 'statement'

export type VehicleField =
  | 'plate'
  | 'make'
  | 'model'
  | 'year'
  | 'colour'
  | 'vin'
  | 'insurer'
  | 'policy'
  | 'mileage'
  | 'damage'
  | 'drivable'
  | 'owner'
  | 'driver'

export type VehicleSide = 'own' | 'other' | 'any'

interface Group<Kind, Field> {
  kind: Kind
  /** The form's number of the party or vehicle, if the form numbers several. */
  number: number | null
  /** In the form's order; several answers to one field are kept. */
  fields: { field: Field; answer: Answer }[]
}

export type Party = Group<PartyRole, PartyField>
export type Vehicle = Group<VehicleSide, VehicleField>

export interface Facts {
  parties: Party[]
  vehicles: Vehicle[]
  /** Answers about no party and no vehicle, in the form's order. */
  others: Answer[]
  place: Answer | null
  police: Answer | null
}

/** The first match counts, so specific patterns come before general ones. */
const PARTY_FIELDS: readonly (readonly [PartyField, RegExp])[] = [
  ['statement', /\b(statement|testimony|account of)\b/],
  ['injury', /\b(injur\w*|hurt|wounds?)\b/],
  ['claim', /\bclaim (number|no|reference|ref)\b/],
  ['policy', /\bpolicy\b(?! ?holder)/],
  ['insurer', /\b(insurer|insurance|insured with|underwriter)\b/],
  ['licence', /\b(driving licen[cs]e|driver s licen[cs]e|licen[cs]e)\b/],
  ['born', /\b(birth\w*|dob|born)\b/],
  ['email', /\b(e ?mail)\b/],
  ['phone', /\b(phone|telephone|mobile|cell|tel)\b/],
  ['address', /\b(address|street|residence|lives?)\b/],
  ['role', /\brole\b/],
  ['name', /\b(name|who)\b/],
]

const VEHICLE_FIELDS: readonly (readonly [VehicleField, RegExp])[] = [
  ['plate', /\b(plate|registration|rego|reg|licen[cs]e (plate|number))\b/],
  ['vin', /\b(vin|chassis)\b/],
  ['damage', /\bdamaged?\b/],
  ['drivable', /\b(driv(e)?able|roadworthy|towed)\b/],
  ['policy', /\bpolicy\b/],
  ['insurer', /\b(insurer|insurance|insured with)\b/],
  ['mileage', /\b(mileage|odometer)\b/],
  ['colour', /\bcolou?r\b/],
  ['year', /\byear\b/],
  ['make', /\b(make|brand|manufacturer)\b/],
  ['model', /\b(model|type)\b/],
  ['owner', /\b(owner|keeper)\b/],
  ['driver', /\bdriver\b/],
]

const VEHICLE = /\b(vehicle|car|truck|lorry|van|motorcycle|motorbike|trailer|bus)\b/
const OWN = /\b(own|your|my|our|yours)\b/
const OTHER = /\b(other|third|opposing|opposite|their)\b/
const PEOPLE: readonly (readonly [PartyRole, RegExp])[] = [
  ['reporter', /\b(reporter|claimant|policy ?holder|insured person|yourself)\b/],
  ['witness', /\bwitness\b/],
  ['passenger', /\bpassenger\b/],
  ['pedestrian', /\bpedestrian\b/],
  ['cyclist', /\bcyclist\b/],
  ['driver', /\bdriver\b/],
  ['owner', /\b(owner|keeper)\b/],
  ['party', /\b(party|person)\b/],
]
const PLACE = /\b(place|location|where|scene|address|street|junction|intersection)\b/
const POLICE = /\bpolice\b/
const UUID_LIKE = /^[0-9a-f]{8}-[0-9a-f-]{20,}$/i

/** Answers that the report shows elsewhere: title, description, date and files. */
export interface Shown {
  title: string
  description: string | null
  occurredOn: string | null
}

export function readFacts(answers: readonly Answer[], shown: Shown): Facts {
  const parties = new Map<string, Party>()
  const vehicles = new Map<string, Vehicle>()
  const others: Answer[] = []
  for (const answer of withoutShown(answers, shown)) {
    const subject = subjectOf(answer)
    if (subject === null) others.push(answer)
    else if (subject.about === 'party') join(parties, subject, answer)
    else join(vehicles, subject, answer)
  }
  return {
    parties: [...parties.values()],
    vehicles: [...vehicles.values()],
    others,
    place:
      others.find((answer) => clues(answer).some((clue) => PLACE.test(clue) && !POLICE.test(clue))) ?? null,
    police:
      others.find((answer) => answer.type !== 'boolean' && clues(answer).some((clue) => POLICE.test(clue))) ??
      null,
  }
}

interface PartySubject {
  about: 'party'
  kind: PartyRole
  number: number | null
  field: PartyField
}

interface VehicleSubject {
  about: 'vehicle'
  kind: VehicleSide
  number: number | null
  field: VehicleField
}

function join<Kind extends string, Field>(
  groups: Map<string, Group<Kind, Field>>,
  { kind, number, field }: { kind: Kind; number: number | null; field: Field },
  answer: Answer,
): void {
  const key = `${kind} ${number ?? ''}`
  const group = groups.get(key) ?? { kind, number, fields: [] }
  group.fields.push({ field, answer })
  groups.set(key, group)
}

/** Matches the field's name first, then the question. */
function subjectOf(answer: Answer): PartySubject | VehicleSubject | null {
  for (const clue of clues(answer)) {
    const subject = vehicleSubject(clue) ?? partySubject(clue)
    if (subject !== null) return subject
  }
  return bareSubject(answer)
}

function vehicleSubject(clue: string): VehicleSubject | null {
  const [noun] = VEHICLE.exec(clue) ?? []
  if (noun === undefined) return null
  const field = VEHICLE_FIELDS.find(([, pattern]) => pattern.test(clue))?.[0]
  if (field === undefined) return null
  return { about: 'vehicle', kind: sideOf(clue), number: numberIn(clue), field }
}

function partySubject(clue: string): PartySubject | null {
  const role = PEOPLE.find(([, pattern]) => pattern.test(clue))?.[0]
  if (role === undefined) return null
  const field = PARTY_FIELDS.find(([, pattern]) => pattern.test(clue))?.[0]
  if (field === undefined) return null
  return { about: 'party', kind: roleOnSide(role, sideOf(clue)), number: numberIn(clue), field }
}

/** Fields of the reporter: "Your name", "Your phone number", an e-mail address without another subject. */
function bareSubject(answer: Answer): PartySubject | null {
  if (answer.type === 'boolean' || answer.type === 'choices') return null
  const field = clues(answer)
    .filter((clue) => clue.length <= 60 && !OTHER.test(clue) && !PLACE_OF_CRASH.test(clue))
    .map((clue) => PARTY_FIELDS.find(([name, pattern]) => REPORTERS_OWN.has(name) && pattern.test(clue))?.[0])
    .find((found) => found !== undefined)
  if (field === undefined) return answer.type === 'email' ? reporters('email') : null
  return reporters(field)
}

const REPORTERS_OWN: ReadonlySet<PartyField> = new Set<PartyField>([
  'name',
  'phone',
  'email',
  'policy',
  'insurer',
])
const PLACE_OF_CRASH = /\b(place|location|where|scene|police|hospital|garage|workshop)\b/

function reporters(field: PartyField): PartySubject {
  return { about: 'party', kind: 'reporter', number: null, field }
}

function sideOf(clue: string): VehicleSide {
  if (OTHER.test(clue)) return 'other'
  return OWN.test(clue) ? 'own' : 'any'
}

function roleOnSide(role: PartyRole, side: VehicleSide): PartyRole {
  if (role === 'driver' && side === 'own') return 'ownDriver'
  if (role === 'driver' && side === 'other') return 'otherDriver'
  if (role === 'party' && side === 'other') return 'otherParty'
  return role
}

function numberIn(clue: string): number | null {
  const [, digits] = /\b(\d{1,2})\b/.exec(clue) ?? []
  return digits === undefined ? null : Number(digits)
}

/** The field's name and the question, in lower case with spaces between words. */
function clues({ ref, question }: Answer): string[] {
  return [ref !== null && !UUID_LIKE.test(ref) ? ref : null, question].flatMap((clue) =>
    clue === null
      ? []
      : [
          clue
            .replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])/g, ' ')
            .toLowerCase()
            .replace(/[^\p{L}\p{N}]+/gu, ' ')
            .trim(),
        ],
  )
}

/** Each value is left out once: a further answer with the same value is kept. */
function withoutShown(answers: readonly Answer[], { title, description, occurredOn }: Shown): Answer[] {
  const left = new Set<string>()
  const once = (name: string, matches: boolean): boolean => {
    if (!matches || left.has(name)) return false
    left.add(name)
    return true
  }
  return answers.filter(({ type, value }) => {
    if (value === null || value === '' || type === 'file_url') return false
    if (once('title', type === 'text' && value === title)) return false
    if (once('description', type === 'text' && value === description)) return false
    return !once('date', type === 'date' && value === occurredOn)
  })
}
