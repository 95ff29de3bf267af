/** The fields that a report was refused for, from the error of its job, in words for people. Pure. */

/** The field names in `Missing required fields: incident_date, description`; none in any other error. */
export function missingFields(error: string | null): string[] {
  const [, list] = /^Missing required fields?: (.+)$/.exec(error ?? '') ?? []
  return list === undefined ? [] : list.split(',').map((field) => field.trim().replace(/\.$/, ''))
}

/** The reason of a failure for people. Names of missing fields are replaced by words. */
export function failureReason(error: string): string {
  const missing = missingFields(error).join(', ')
  return missing === ''
    ? error
    : `Still missing: ${missing.replace('incident_date', 'date of the crash').replaceAll('_', ' ')}.`
}
