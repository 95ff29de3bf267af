/** What a new kind of job and its parts are called. */

import { UsageError } from '../command-line.ts'

export interface KindNames {
  /** As given: name of the files and of the function, e.g. `vehicle-valuation`. */
  name: string
  /** `jobs.kind`, and the beginning of the message types, e.g. `vehicle_valuation`. */
  kind: string
  /** Of the definition, e.g. `vehicleValuation`. */
  exportName: string
  /** Of the TypeScript interface of the messages, e.g. `VehicleValuationMessage`. */
  typeName: string
  /** Of the field for `jobs.subject_id`, e.g. `vehicleValuationId`. */
  subjectField: string
  /** For people, e.g. `Vehicle valuation` and `Vehicle valuations`. */
  noun: string
  plural: string
}

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/

/** `jobs.kind` stands in names of message types, which have at most 64 characters. */
const LONGEST_NAME = 40

/** Words that JavaScript keeps for itself, so that no definition can be exported under them; and the name of the index. */
const RESERVED = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends
   false finally for function if implements import in index instanceof interface let new null package private
   protected public return static super switch this throw true try typeof undefined var void while with yield`.split(
    /\s+/,
  ),
)

/** @throws UsageError for a name that cannot be one. */
export function kindNames(name: string): KindNames {
  if (!NAME.test(name))
    throw new UsageError(
      `"${name}" is not a name of lower case words joined by -, such as vehicle-valuation.`,
    )
  if (name.length > LONGEST_NAME) throw new UsageError(`"${name}" is longer than ${LONGEST_NAME} characters.`)
  if (RESERVED.has(name)) throw new UsageError(`"${name}" is a reserved word.`)
  const words = name.split('-')
  const pascal = words.map(capital).join('')
  const exportName = pascal.charAt(0).toLowerCase() + pascal.slice(1)
  const noun = capital(words.join(' '))
  return {
    name,
    kind: words.join('_'),
    exportName,
    typeName: `${pascal}Message`,
    subjectField: `${exportName}Id`,
    noun,
    plural: pluralOf(noun),
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function pluralOf(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`
  return /(?:s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`
}
