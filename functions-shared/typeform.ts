/**
 * The webhook body that Typeform sends for a submitted form, parsed into plain, sanitised data. The field names are
 * Typeform's (https://www.typeform.com/developers/webhooks/example-payload/).
 *
 * Answers of unknown types and `payment` are left out, so that a form may grow without breaking the webhook. A known
 * type with a value of the wrong kind is an error, because leaving it out would lose a part of the claim.
 */

import * as v from 'valibot'
import { AppError } from './app-error.ts'
import { readAs } from './read-as.ts'
import { sanitizeText } from './sanitize.ts'

/** Lengths in code points, counts in entries. A form that people fill in stays below them. */
export const TYPEFORM_LIMITS = {
  id: 128,
  line: 1_000,
  longText: 20_000,
  url: 2_048,
  title: 500,
  answers: 500,
  hidden: 100,
  labels: 100,
} as const

const line = (maxLength: number = TYPEFORM_LIMITS.line) =>
  v.pipe(
    v.string(),
    v.transform((text) => sanitizeText(text, { maxLength })),
  )

/** Undefined where Typeform leaves the field out or sends null. */
const optional = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )

/** Empty where Typeform leaves the list out. The length is checked before the entries. */
const listOf = <Schema extends v.GenericSchema>(entry: Schema, maxLength: number) =>
  v.pipe(v.nullish(v.array(v.unknown()), []), v.maxLength(maxLength), v.array(entry))

/** A URL is taken or refused as a whole: a shortened one would lead elsewhere. */
const url = v.pipe(v.string(), v.maxLength(TYPEFORM_LIMITS.url), line(TYPEFORM_LIMITS.url))

/** A day of the calendar, `YYYY-MM-DD`. */
const day = v.pipe(
  v.string(),
  v.isoDate(),
  v.check((text) => {
    const date = new Date(`${text}T00:00:00Z`)
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
  }),
)

const time = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
  v.date(),
  v.transform((date) => date.toISOString()),
)

const field = v.object({
  id: line(TYPEFORM_LIMITS.id),
  /** The stable name that the form's author gave to the question. */
  ref: optional(line()),
  /** Kind of question, e.g. `short_text`, `long_text`, `file_upload`. */
  type: optional(line()),
})

/** Each type of answer has its value under the name of the type. */
const ANSWERS = {
  text: v.pipe(
    v.object({ field, type: v.literal('text'), text: v.string() }),
    v.transform((answer) => {
      const multiline = answer.field.type === 'long_text'
      const maxLength = multiline ? TYPEFORM_LIMITS.longText : TYPEFORM_LIMITS.line
      return { ...answer, text: sanitizeText(answer.text, { maxLength, multiline }) }
    }),
  ),
  email: v.object({ field, type: v.literal('email'), email: line(320) }),
  phone_number: v.object({ field, type: v.literal('phone_number'), phone_number: line(64) }),
  url: v.object({ field, type: v.literal('url'), url }),
  file_url: v.object({ field, type: v.literal('file_url'), file_url: url }),
  date: v.object({ field, type: v.literal('date'), date: day }),
  number: v.object({ field, type: v.literal('number'), number: v.pipe(v.number(), v.finite()) }),
  boolean: v.object({ field, type: v.literal('boolean'), boolean: v.boolean() }),
  choice: v.object({
    field,
    type: v.literal('choice'),
    choice: v.object({ label: optional(line()), other: optional(line()) }),
  }),
  choices: v.object({
    field,
    type: v.literal('choices'),
    choices: v.object({ labels: listOf(line(), TYPEFORM_LIMITS.labels), other: optional(line()) }),
  }),
}

const unknownAnswer = v.pipe(
  v.object({ type: v.string() }),
  v.transform(() => null),
)

const typed = v.object({ type: v.picklist(Object.keys(ANSWERS).filter(isKnownType)) })

function isKnownType(type: string): type is keyof typeof ANSWERS {
  return Object.hasOwn(ANSWERS, type)
}

const answer = v.lazy((input) => (v.is(typed, input) ? ANSWERS[input.type] : unknownAnswer))

const definitionField = v.pipe(
  v.object({
    id: line(TYPEFORM_LIMITS.id),
    ref: optional(line()),
    type: optional(line()),
    title: v.fallback(line(TYPEFORM_LIMITS.title), ''),
  }),
  v.transform((definition) => ({ ...definition, type: definition.type ?? '' })),
)

/** Hidden fields are parameters of the form's URL, so their values are texts. */
const hidden = v.pipe(
  v.nullish(v.unknown(), {}),
  v.check((value) => !Array.isArray(value)),
  v.record(line(TYPEFORM_LIMITS.id), v.pipe(v.nullable(v.string(), ''), line())),
  v.maxEntries(TYPEFORM_LIMITS.hidden),
)

/** The event of a form that was submitted. */
const EVENT_TYPE = 'form_response'

const typeformResponse = v.object({
  event_id: optional(line()),
  event_type: v.literal(EVENT_TYPE),
  form_response: v.object({
    form_id: line(TYPEFORM_LIMITS.id),
    /** Identifies the response: a repeated delivery has the same token. */
    token: v.pipe(v.string(), v.regex(/^[\w-]{1,128}$/)),
    submitted_at: optional(time),
    landed_at: optional(time),
    hidden,
    definition: v.nullish(v.object({ fields: listOf(definitionField, TYPEFORM_LIMITS.answers) }), {
      fields: [],
    }),
    answers: v.pipe(
      listOf(answer, TYPEFORM_LIMITS.answers),
      v.transform((answers) => answers.filter((known) => known !== null)),
    ),
  }),
})

const eventType = v.object({ event_type: v.pipe(v.string(), v.nonEmpty()) })

/** The type of an event that is no submitted form, e.g. `form_response_partial`. Undefined for one, and for no event. */
export function otherEventType(body: unknown): string | undefined {
  if (!v.is(eventType, body) || body.event_type === EVENT_TYPE) return undefined
  return sanitizeText(body.event_type, { maxLength: TYPEFORM_LIMITS.id })
}

export type TypeformResponse = v.InferOutput<typeof typeformResponse>
export type TypeformAnswer = TypeformResponse['form_response']['answers'][number]

/**
 * @param body the parsed JSON of the request.
 * @throws AppError `invalid_form_response` with `details.path`, the place of the first wrong value, e.g.
 * `form_response.answers.0.text`.
 */
export function parseTypeformResponse(body: unknown): TypeformResponse {
  return readAs(
    typeformResponse,
    body,
    (path) => new AppError('invalid_form_response', { details: { path } }),
  )
}

/** The first answer of this type whose field has one of the names; if there is none, the first of this type. */
export function findAnswer<T extends TypeformAnswer['type']>(
  response: TypeformResponse,
  type: T,
  refs: readonly string[] = [],
): Extract<TypeformAnswer, { type: T }> | undefined {
  const ofType = response.form_response.answers.filter(
    (known): known is Extract<TypeformAnswer, { type: T }> => known.type === type,
  )
  return ofType.find(({ field: { ref } }) => ref !== undefined && refs.includes(ref)) ?? ofType[0]
}
