/** Errors of PostgreSQL as the real server prints them: `ERROR 22P02 (invalid_text_representation) message`. */

import type { DatabaseError } from 'pg'

/** Names of the errors that a subscription can cause, from appendix A of PostgreSQL's manual. */
const CONDITIONS: Readonly<Record<string, string>> = {
  '22003': 'numeric_value_out_of_range',
  '22007': 'invalid_datetime_format',
  '22008': 'datetime_field_overflow',
  '2201B': 'invalid_regular_expression',
  '22023': 'invalid_parameter_value',
  '22P02': 'invalid_text_representation',
  '22P03': 'invalid_binary_representation',
  '23502': 'not_null_violation',
  '23505': 'unique_violation',
  '23514': 'check_violation',
  '42501': 'insufficient_privilege',
  '42601': 'syntax_error',
  '42602': 'invalid_name',
  '42703': 'undefined_column',
  '42704': 'undefined_object',
  '42804': 'datatype_mismatch',
  '42846': 'cannot_coerce',
  '42883': 'undefined_function',
  '42P01': 'undefined_table',
  '42P02': 'undefined_parameter',
  '57014': 'query_canceled',
  P0001: 'raise_exception',
}

export function describeSqlError(error: DatabaseError): string {
  const code = error.code ?? ''
  return `${error.severity ?? 'ERROR'} ${code} (${CONDITIONS[code] ?? 'unknown'}) ${error.message}`
}
