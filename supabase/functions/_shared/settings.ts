/** Settings of a function, from its environment. A malformed one stops the function when it starts. */

import * as v from 'valibot'

export type Environment = (name: string) => string | undefined

/** A text; undefined where the variable is not set or blank. */
export const optionalSetting = v.pipe(
  v.optional(v.string(), ''),
  v.trim(),
  v.transform((text) => (text === '' ? undefined : text)),
)

/** A setting with an own form. @param schema checks the text, and gives messages that follow the variable's name */
export function setting<Schema extends v.GenericSchema<string, unknown>>(schema: Schema) {
  return v.pipe(optionalSetting, v.optional(schema))
}

const NOT_POSITIVE = 'is not a positive whole number'
export const positiveSetting = setting(
  v.pipe(v.string(), v.toNumber(NOT_POSITIVE), v.integer(NOT_POSITIVE), v.minValue(1, NOT_POSITIVE)),
)

/** The entries of a comma-separated list. */
export const listSetting = v.pipe(
  v.optional(v.string(), ''),
  v.transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  ),
)

/**
 * The settings with these names.
 * @throws TypeError with the name of the malformed variable, and without its value, which may be a secret
 */
export function readSettings<const Entries extends v.ObjectEntries>(
  entries: Entries,
  env: Environment,
): v.InferOutput<v.ObjectSchema<Entries, undefined>> {
  const values = Object.fromEntries(Object.keys(entries).map((name) => [name, env(name)]))
  const result = v.safeParse(v.object(entries), values)
  if (result.success) return result.output
  const [{ path, message }] = result.issues
  throw new TypeError(`${String(path?.[0].key)} ${message}`)
}
