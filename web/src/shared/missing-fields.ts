/** What a claim lacks for its report, from the error of the report's job, in words for people. Pure. */

/** The names in `Missing required fields: incident_date, description`; none where the error says something else. */
export function missingFields(error: string | null): string[] {
  const [, list] = /^Missing required fields?: (.+)$/.exec(error ?? '') ?? []
  return list === undefined ? [] : list.split(',').map((field) => field.trim().replace(/\.$/, ''))
}

/** The reason of a failure; fields that are missing are called what people call them. */
export function failureReason(error: string): string {
  const missing = missingFields(error).join(', ')
  return missing === ''
    ? error
    : `Still missing: ${missing.replace('incident_date', 'date of the crash').replaceAll('_', ' ')}.`
}
