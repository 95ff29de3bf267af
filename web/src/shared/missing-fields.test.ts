import { describe, expect, it } from 'vitest'
import { failureReason, missingFields } from './missing-fields.ts'

describe('the missing fields of a report', () => {
  it('are read from the error of its job', () => {
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

  it('are told in words, also a field without words of its own', () => {
    expect(failureReason('Missing required fields: incident_date, description')).toBe(
      'Still missing: date of the crash, description.',
    )
    expect(failureReason('Missing required fields: number_plate')).toBe('Still missing: number plate.')
    expect(failureReason('The image file is incomplete.')).toBe('The image file is incomplete.')
  })
})
