/** The requests by which a member changes an incident. */

import type { PostgrestError, SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../../functions-shared/app-error.ts'
import type { Database } from '../../../../functions-shared/database.types.ts'
import { ERROR_CODES, type ErrorCode } from '../../../../functions-shared/error-codes.ts'
import type { Completion } from './missing-fields.ts'
import { type Person, parsePeople } from './person.ts'

export interface IncidentActions {
  /** Requests a report. While a report is being made, a request changes nothing. @throws AppError of a refusal. */
  requestReport(incidentId: string): Promise<void>
  /** Fills in fields of the incident. Fields that are not given stay. @throws AppError of a refusal. */
  complete(incidentId: string, completion: Completion): Promise<void>
  /** Makes one document of an object in the bucket `uploads`, however often called. @throws AppError of a refusal. */
  submitUpload(incidentId: string, path: string, fileName: string): Promise<void>
  people(incidentId: string): Promise<Person[]>
}

export function createIncidentActions(supabase: SupabaseClient<Database>): IncidentActions {
  return {
    async requestReport(incidentId) {
      const { error } = await supabase.rpc('request_report', { p_incident_id: incidentId })
      if (error !== null) throw refusalOf(error)
    },
    async complete(incidentId, { occurredOn, description }) {
      const { error } = await supabase.rpc('update_incident', {
        p_incident_id: incidentId,
        ...(occurredOn === undefined ? {} : { p_occurred_on: occurredOn }),
        ...(description === undefined ? {} : { p_description: description }),
      })
      if (error !== null) throw refusalOf(error)
    },
    async submitUpload(incidentId, path, fileName) {
      const { error } = await supabase.rpc('submit_upload', {
        p_incident_id: incidentId,
        p_path: path,
        p_file_name: fileName,
      })
      if (error !== null) throw refusalOf(error)
    },
    async people(incidentId) {
      const { data, error } = await supabase.rpc('incident_people', { p_incident_id: incidentId })
      if (error !== null) throw refusalOf(error)
      return parsePeople(data)
    },
  }
}

/** An AppError where the database refused with an error code of the project; otherwise the error itself. */
function refusalOf(error: PostgrestError): Error {
  return isCode(error.message) ? new AppError(error.message, { cause: error }) : error
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}
