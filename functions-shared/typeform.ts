/**
 * What Typeform sends when someone submits the form, parsed from unknown JSON into plain, sanitised data.
 * Field names are Typeform's (https://www.typeform.com/developers/webhooks/example-payload/).
 *
 * Unknown kinds of answers and `payment` are left out: a form may grow without breaking the webhook. A known
 * kind with a value of the wrong type is an error, because dropping it would lose part of a claim.
 */

import { AppError } from './app-error.ts'
import { sanitizeText } from './sanitize.ts'
import { isRecord } from './unknown.ts'

export interface TypeformField {
  id: string
  /** The stable name given to the question in the form, where there is one. */
  ref?: string
  /** Kind of question, e.g. `short_text`, `long_text`, `file_upload`. */
  type?: string
}

export type TypeformAnswer = { field: TypeformField } & (
  | { type: 'text'; text: string }
  | { type: 'email'; email: string }
  | { type: 'phone_number'; phone_number: string }
  | { type: 'url'; url: string }
  | { type: 'file_url'; file_url: string }
  | { type: 'date'; date: string }
  | { type: 'number'; number: number }
  | { type: 'boolean'; boolean: boolean }
  | { type: 'choice'; choice: { label?: string; other?: string } }
  | { type: 'choices'; choices: { labels: string[]; other?: string } }
)

export interface TypeformDefinitionField {
  id: string
  ref?: string
  type: string
  title: string
}

export interface TypeformResponse {
  event_id?: string
  event_type: 'form_response'
  form_response: {
    form_id: string
    /** Identifies the response; the same response delivered again has the same token. */
    token: string
    submitted_at?: string
    landed_at?: string
    hidden: Record<string, string>
    definition: { fields: TypeformDefinitionField[] }
    answers: TypeformAnswer[]
  }
}

/** Lengths in code points; counts in entries. More than these is not a response of a form people fill in. */
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

const TOKEN = /^[\w-]{1,128}$/
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/

/**
 * @param body the parsed JSON of the request.
 * @throws AppError `invalid_form_response` with `details.path`, the place of the first thing that is wrong.
 */
export function parseTypeformResponse(body: unknown): TypeformResponse {
  const root = record(body, '')
  if (root.event_type !== 'form_response') throw invalid('event_type')
  const response = record(root.form_response, 'form_response')
  const token = response.token
  if (typeof token !== 'string' || !TOKEN.test(token)) throw invalid('form_response.token')
  const eventId = optionalLine(root.event_id, 'event_id')
  const submittedAt = optionalTime(response.submitted_at, 'form_response.submitted_at')
  const landedAt = optionalTime(response.landed_at, 'form_response.landed_at')
  return {
    ...(eventId === undefined ? {} : { event_id: eventId }),
    event_type: 'form_response',
    form_response: {
      form_id: line(response.form_id, 'form_response.form_id', TYPEFORM_LIMITS.id),
      token,
      ...(submittedAt === undefined ? {} : { submitted_at: submittedAt }),
      ...(landedAt === undefined ? {} : { landed_at: landedAt }),
      hidden: parseHidden(response.hidden),
      definition: parseDefinition(response.definition),
      answers: list(response.answers, 'form_response.answers', TYPEFORM_LIMITS.answers).flatMap(parseAnswer),
    },
  }
}

/** The first answer of this kind whose field has one of these names, else the first of this kind. */
export function findAnswer<T extends TypeformAnswer['type']>(
  response: TypeformResponse,
  type: T,
  refs: readonly string[] = [],
): Extract<TypeformAnswer, { type: T }> | undefined {
  const ofType = response.form_response.answers.filter(
    (answer): answer is Extract<TypeformAnswer, { type: T }> => answer.type === type,
  )
  return ofType.find(({ field }) => field.ref !== undefined && refs.includes(field.ref)) ?? ofType[0]
}

function parseAnswer(value: unknown, index: number): TypeformAnswer[] {
  const path = `form_response.answers[${index}]`
  const answer = record(value, path)
  const field = parseField(answer.field, `${path}.field`)
  switch (answer.type) {
    case 'text': {
      const text = string(answer.text, `${path}.text`)
      const long = field.type === 'long_text'
      const maxLength = long ? TYPEFORM_LIMITS.longText : TYPEFORM_LIMITS.line
      return [{ field, type: 'text', text: sanitizeText(text, { maxLength, multiline: long }) }]
    }
    case 'email':
      return [{ field, type: 'email', email: line(answer.email, `${path}.email`, 320) }]
    case 'phone_number':
      return [
        { field, type: 'phone_number', phone_number: line(answer.phone_number, `${path}.phone_number`, 64) },
      ]
    case 'url':
      return [{ field, type: 'url', url: url(answer.url, `${path}.url`) }]
    case 'file_url':
      return [{ field, type: 'file_url', file_url: url(answer.file_url, `${path}.file_url`) }]
    case 'date':
      return [{ field, type: 'date', date: date(answer.date, `${path}.date`) }]
    case 'number':
      if (typeof answer.number !== 'number' || !Number.isFinite(answer.number))
        throw invalid(`${path}.number`)
      return [{ field, type: 'number', number: answer.number }]
    case 'boolean':
      if (typeof answer.boolean !== 'boolean') throw invalid(`${path}.boolean`)
      return [{ field, type: 'boolean', boolean: answer.boolean }]
    case 'choice': {
      const choice = record(answer.choice, `${path}.choice`)
      const label = optionalLine(choice.label, `${path}.choice.label`)
      return [
        {
          field,
          type: 'choice',
          choice: { ...(label === undefined ? {} : { label }), ...other(choice, `${path}.choice`) },
        },
      ]
    }
    case 'choices': {
      const choices = record(answer.choices, `${path}.choices`)
      const labels = list(choices.labels, `${path}.choices.labels`, TYPEFORM_LIMITS.labels).map((label, at) =>
        line(label, `${path}.choices.labels[${at}]`),
      )
      return [{ field, type: 'choices', choices: { labels, ...other(choices, `${path}.choices`) } }]
    }
    default:
      if (typeof answer.type !== 'string') throw invalid(`${path}.type`)
      return []
  }
}

function other(choice: Record<string, unknown>, path: string): { other?: string } {
  const text = optionalLine(choice.other, `${path}.other`)
  return text === undefined ? {} : { other: text }
}

function parseField(value: unknown, path: string): TypeformField {
  const field = record(value, path)
  const ref = optionalLine(field.ref, `${path}.ref`)
  const type = optionalLine(field.type, `${path}.type`)
  return {
    id: line(field.id, `${path}.id`, TYPEFORM_LIMITS.id),
    ...(ref === undefined ? {} : { ref }),
    ...(type === undefined ? {} : { type }),
  }
}

function parseDefinition(value: unknown): { fields: TypeformDefinitionField[] } {
  if (value === undefined || value === null) return { fields: [] }
  const path = 'form_response.definition.fields'
  const definition = record(value, 'form_response.definition')
  const fields = list(definition.fields, path, TYPEFORM_LIMITS.answers).map((entry, index) => {
    const { id, ref, type } = parseField(entry, `${path}[${index}]`)
    const title = record(entry, `${path}[${index}]`).title
    return {
      id,
      ...(ref === undefined ? {} : { ref }),
      type: type ?? '',
      title: typeof title === 'string' ? sanitizeText(title, { maxLength: TYPEFORM_LIMITS.title }) : '',
    }
  })
  return { fields }
}

/** Hidden fields are URL parameters of the form's address: always text, whatever was meant. */
function parseHidden(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {}
  const entries = Object.entries(record(value, 'form_response.hidden'))
  if (entries.length > TYPEFORM_LIMITS.hidden) throw invalid('form_response.hidden')
  const hidden: [string, string][] = entries.map(([key, text]) => {
    const name = sanitizeText(key, { maxLength: TYPEFORM_LIMITS.id })
    return [name, line(text ?? '', `form_response.hidden.${name}`)]
  })
  return Object.fromEntries(hidden)
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (!isRecord(value)) throw invalid(path)
  return value
}

function list(value: unknown, path: string, max: number): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > max) throw invalid(path)
  return value
}

function string(value: unknown, path: string): string {
  if (typeof value !== 'string') throw invalid(path)
  return value
}

function line(value: unknown, path: string, maxLength: number = TYPEFORM_LIMITS.line): string {
  return sanitizeText(string(value, path), { maxLength })
}

function optionalLine(value: unknown, path: string): string | undefined {
  return value === undefined || value === null ? undefined : line(value, path)
}

/** An address is used or refused whole: a cut one would lead elsewhere. */
function url(value: unknown, path: string): string {
  const text = string(value, path)
  if (text.length > TYPEFORM_LIMITS.url) throw invalid(path)
  return sanitizeText(text, { maxLength: TYPEFORM_LIMITS.url })
}

/** A day of the calendar, `YYYY-MM-DD`. */
function date(value: unknown, path: string): string {
  const text = string(value, path)
  const time = ISO_DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) throw invalid(path)
  return text
}

function optionalTime(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined
  const time = Date.parse(string(value, path))
  if (Number.isNaN(time)) throw invalid(path)
  return new Date(time).toISOString()
}

function invalid(path: string): AppError {
  return new AppError('invalid_form_response', { details: { path } })
}
