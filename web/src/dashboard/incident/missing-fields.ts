/** What members can add to an incident whose report lacks it. */

import { missingFields } from '../../shared/missing-fields.ts'
import type { Incident, Report } from '../records.ts'

export interface Completion {
  /** Day, as `yyyy-mm-dd`. */
  occurredOn?: string
  description?: string
}

export type MissingField = keyof Completion

const FIELDS: Readonly<Record<string, MissingField | undefined>> = {
  incident_date: 'occurredOn',
  description: 'description',
}

/** Fields that the report was refused for and that the incident still lacks. */
export function missingFieldsOf(report: Report, incident: Incident): MissingField[] {
  if (report.job?.status !== 'failed') return []
  return missingFields(report.job.error)
    .map((field) => FIELDS[field])
    .filter((field) => field !== undefined)
    .filter((field) => (incident[field] ?? '').trim() === '')
}
