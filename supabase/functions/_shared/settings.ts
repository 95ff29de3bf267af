/** Reading settings from the environment of a function. */

export type Environment = (name: string) => string | undefined

/** A positive whole number, or undefined where it is not set. @throws TypeError */
export function positive(env: Environment, name: string): number | undefined {
  const value = text(env(name))
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1) throw new TypeError(`${name} is not a positive whole number`)
  return number
}

/** The entries of a comma-separated list. */
export function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** Undefined for blank. */
export function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim() ?? ''
  return trimmed === '' ? undefined : trimmed
}
