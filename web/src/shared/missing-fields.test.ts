import { describe, expect, it } from 'vitest'
import { failureReason, missingFields } from './missing-fields.ts'

describe('what a claim lacks', () => {
  it('is read from the error of a report', () => {
    expect(missingFields('Missing required fields: incident_date, description.')).toEqual([
      'incident_date',
      'description',
    ])
    expect(missingFields('Missing required field: incident_date')).toEqual(['incident_date'])
  })

  it.each([null, '', 'The report is too large.', 'Not: Missing required fields: x'])(
    'is nothing in %j',
    (error) => {
      expect(missingFields(error)).toEqual([])
    },
  )

  it('is told in words, also where a field is new', () => {
    expect(failureReason('Missing required fields: incident_date, description')).toBe(
      'Still missing: date of the crash, description.',
    )
    expect(failureReason('Missing required fields: number_plate')).toBe('Still missing: number plate.')
    expect(failureReason('The image file is incomplete.')).toBe('The image file is incomplete.')
  })
})
