import { describe, expect, test } from 'vitest'
import { AppError } from './app-error.ts'
import { findAnswer, otherEventType, parseTypeformResponse, TYPEFORM_LIMITS } from './typeform.ts'

const field = (type: string, ref = `ref_${type}`) => ({ id: `id_${type}`, ref, type })

/** A response as Typeform documents it, with every type of answer. */
const COMPLETE = {
  event_id: '01HF',
  event_type: 'form_response',
  form_response: {
    form_id: 'claimCar1',
    token: 'a3a12ec67a1365927098a606107fac15',
    submitted_at: '2026-11-20T18:01:30Z',
    landed_at: '2026-11-20T17:55:00Z',
    calculated: { score: 0 },
    hidden: { user_id: 'e6b2a0d4-0f5a-4a7e-9b6e-111111111111', empty: null },
    definition: {
      id: 'claimCar1',
      title: 'Report',
      fields: [
        {
          id: 'id_short_text',
          ref: 'title',
          type: 'short_text',
          title: 'What\u0000 happened?',
          properties: {},
        },
      ],
    },
    answers: [
      { type: 'text', text: 'Rear-end\u202e collision', field: field('short_text', 'title') },
      { type: 'text', text: 'Line 1\r\nLine 2\u0000', field: field('long_text') },
      { type: 'date', date: '2026-11-20', field: field('date') },
      { type: 'email', email: ' ana@example.com ', field: field('email') },
      { type: 'phone_number', phone_number: '+49 30 1234', field: field('phone_number') },
      { type: 'number', number: 3, field: field('number') },
      { type: 'boolean', boolean: false, field: field('yes_no') },
      { type: 'choice', choice: { id: 'x', label: 'Rain', ref: 'r' }, field: field('multiple_choice') },
      {
        type: 'choices',
        choices: { ids: ['a'], labels: ['Front', 'Rear'], other: 'Roof' },
        field: field('picture_choice'),
      },
      { type: 'url', url: 'https://example.com/', field: field('website') },
      { type: 'file_url', file_url: 'https://api.typeform.com/forms/a/b.jpg', field: field('file_upload') },
      { type: 'payment', payment: { amount: '100', last4: '1234', name: 'Ana' }, field: field('payment') },
      { type: 'multi_format', video_url: 'https://example.com/v', field: field('multi_format') },
    ],
  },
}

/** The complete response with another value at a path. */
function changed(path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(COMPLETE)
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let target: unknown = copy
  for (const key of keys) target = Reflect.get(Object(target), key)
  Reflect.set(Object(target), last, value)
  return copy
}

function pathOf(body: unknown): unknown {
  try {
    parseTypeformResponse(body)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_form_response') throw error
    return error.details.path
  }
}

test('known fields are kept and sanitised, unknown ones are left out', () => {
  const { event_id, form_response: response } = parseTypeformResponse(COMPLETE)
  expect(event_id).toBe('01HF')
  expect(response.hidden).toEqual({ user_id: 'e6b2a0d4-0f5a-4a7e-9b6e-111111111111', empty: '' })
  expect(response.submitted_at).toBe('2026-11-20T18:01:30.000Z')
  expect(response.definition.fields).toEqual([
    { id: 'id_short_text', ref: 'title', type: 'short_text', title: 'What happened?' },
  ])
  expect(response.answers.map((answer) => answer.type)).toEqual([
    'text',
    'text',
    'date',
    'email',
    'phone_number',
    'number',
    'boolean',
    'choice',
    'choices',
    'url',
    'file_url',
  ])
  expect(response.answers[0]).toEqual({
    field: field('short_text', 'title'),
    type: 'text',
    text: 'Rear-end collision',
  })
  expect(response.answers[1]).toMatchObject({ text: 'Line 1\nLine 2' })
  expect(response.answers[3]).toMatchObject({ email: 'ana@example.com' })
  expect(response.answers[7]).toMatchObject({ choice: { label: 'Rain' } })
  expect(response.answers[8]).toMatchObject({ choices: { labels: ['Front', 'Rear'], other: 'Roof' } })
})

test('answers, hidden fields and definition may be missing', () => {
  const bare = { event_type: 'form_response', form_response: { form_id: 'f', token: 't' } }
  expect(parseTypeformResponse(bare).form_response).toEqual({
    form_id: 'f',
    token: 't',
    hidden: {},
    definition: { fields: [] },
    answers: [],
  })
})

describe('a body that is no Typeform response is refused with the path of the wrong value', () => {
  test.each([null, 1, 'text', [], [COMPLETE], {}])('%j', (body) => {
    expect(pathOf(body)).toBeTypeOf('string')
    expect(pathOf(body)).not.toBe('accepted')
  })

  test.each([
    ['event_type', 'form_response_partial'],
    ['form_response', null],
    ['form_response.token', ''],
    ['form_response.token', 'a b'],
    ['form_response.token', 7],
    ['form_response.form_id', undefined],
    ['form_response.submitted_at', 'yesterday'],
    ['form_response.answers', {}],
    ['form_response.answers', Array(TYPEFORM_LIMITS.answers + 1).fill(COMPLETE.form_response.answers[0])],
    ['form_response.hidden', []],
    ['form_response.definition', 'x'],
  ])('%s = %j', (path, value) => {
    expect(pathOf(changed(path, value))).toBe(path)
  })

  test.each([
    ['0', 'text', 1],
    ['2', 'date', '2026-02-30'],
    ['2', 'date', '20.11.2026'],
    ['3', 'email', null],
    ['5', 'number', '3'],
    ['6', 'boolean', 'yes'],
    ['7', 'choice', 'Rain'],
    ['8', 'choices', null],
    ['10', 'file_url', { url: 'x' }],
    ['10', 'file_url', `https://example.com/${'a'.repeat(TYPEFORM_LIMITS.url)}`],
    ['0', 'type', null],
    ['0', 'field', null],
  ])('answer %s with %s = %j', (index, key, value) => {
    expect(pathOf(changed(`form_response.answers.${index}.${key}`, value))).toBe(
      `form_response.answers.${index}.${key}`,
    )
  })
})

test('an answer is found by the name of its field, and without one by its type', () => {
  const response = parseTypeformResponse(
    changed('form_response.answers', [
      { type: 'email', email: 'witness@example.com', field: field('email', 'witness') },
      { type: 'email', email: 'ana@example.com', field: field('email', 'email') },
    ]),
  )
  expect(findAnswer(response, 'email', ['email'])?.email).toBe('ana@example.com')
  expect(findAnswer(response, 'email')?.email).toBe('witness@example.com')
  expect(findAnswer(response, 'date')).toBeUndefined()
})

describe('otherEventType', () => {
  test.each([
    [{ event_type: 'form_response_partial', form_response: {} }, 'form_response_partial'],
    [{ event_type: 'a\u0000later\nevent' }, 'alater event'],
    [{ event_type: 'form_response' }, undefined],
    [{ event_type: '' }, undefined],
    [{ event_type: 5 }, undefined],
    [{}, undefined],
    [null, undefined],
    ['form_response_partial', undefined],
  ])('of %j is %j', (body, type) => expect(otherEventType(body)).toBe(type))
})
