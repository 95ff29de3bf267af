/** Reading a value from outside by a valibot schema. */

import * as v from 'valibot'

/**
 * The value as the schema gives it.
 *
 * @param fail makes the error that is thrown, from the place of the first wrong value, e.g. `answers.0.text`; empty for
 * the value itself. It never gets the value, which may be personal data.
 */
export function readAs<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  fail: (field: string) => Error,
): v.InferOutput<Schema> {
  // Ends at the first wrong value, so that a long list of wrong values costs no more than one.
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  throw fail(v.getDotPath(result.issues[0]) ?? '')
}

/** A cause for the log, with the place that was wrong in `field`. */
export function unexpectedValue(field: string): TypeError {
  return Object.assign(new TypeError(`Unexpected value at "${field}"`), { field })
}

/** A list without the entries that do not fit the schema; empty for a value that is no list. */
export function fittingEntries<Schema extends v.GenericSchema>(entry: Schema) {
  return v.pipe(
    v.fallback(v.array(v.unknown()), []),
    v.transform((values) =>
      values.flatMap((value): v.InferOutput<Schema>[] => {
        const result = v.safeParse(entry, value, { abortEarly: true })
        return result.success ? [result.output] : []
      }),
    ),
  )
}
