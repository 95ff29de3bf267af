import { describe, expect, it } from 'vitest'
import { parseIncidents } from '../records.ts'
import { missingFieldsOf } from './missing-fields.ts'

const BOTH = 'Missing required fields: incident_date, description'

function claim(
  known: { occurred_on?: string; description?: string },
  error: string | null,
  status = 'failed',
) {
  const [incident] = parseIncidents(
    [
      {
        id: 'incident-1',
        user_id: 'user-1',
        title: 'A crash',
        description: null,
        occurred_on: null,
        created_at: '2026-11-25T10:00:00+00:00',
        documents: [],
        reports: [
          {
            id: 'report-1',
            origin: 'requested',
            created_at: '2026-11-25T10:00:00+00:00',
            job: { id: 'job-1', status, progress: 0, error_code: 'report_incomplete', error, revision: 1 },
          },
        ],
        ...known,
      },
    ],
    true,
  )
  const report = incident?.reports[0]
  if (incident === undefined || report === undefined) throw new Error('there is no report')
  return missingFieldsOf(report, incident)
}

describe('the fields asked for where a report failed', () => {
  it('are those that the report was refused for', () => {
    expect(claim({}, BOTH)).toEqual(['occurredOn', 'description'])
    expect(claim({}, 'Missing required fields: incident_date')).toEqual(['occurredOn'])
  })

  it('are not those that the incident has got since', () => {
    expect(claim({ occurred_on: '2026-11-20' }, BOTH)).toEqual(['description'])
    expect(claim({ occurred_on: '2026-11-20', description: 'Bump' }, BOTH)).toEqual([])
    expect(claim({ description: ' ' }, BOTH)).toEqual(['occurredOn', 'description'])
  })

  it('are none for another failure, for fields without an input, and for a report under way', () => {
    expect(claim({}, 'The report is too large.')).toEqual([])
    expect(claim({}, null)).toEqual([])
    expect(claim({}, 'Missing required fields: number_plate')).toEqual([])
    expect(claim({}, BOTH, 'queued')).toEqual([])
  })
})
