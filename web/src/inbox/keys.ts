/**
 * The keys of the list, which hold while the focus is inside: j, k and the arrows move, e marks, Shift+E marks all,
 * ? shows them. Enter follows the link by itself.
 */

/** A number: so many lines further. */
export type ListCommand = number | 'mark' | 'mark-all' | 'help'

const COMMANDS: Readonly<Record<string, ListCommand>> = {
  j: 1,
  k: -1,
  ArrowDown: 1,
  ArrowUp: -1,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
  e: 'mark',
  E: 'mark-all',
  '?': 'help',
}

/** @returns null for keys that are not for the list. */
export function commandOf(event: KeyboardEvent): ListCommand | null {
  const { target, key, defaultPrevented, ctrlKey, metaKey, altKey } = event
  if (defaultPrevented || ctrlKey || metaKey || altKey) return null
  if (target instanceof HTMLSelectElement || target instanceof HTMLInputElement) return null
  return Object.hasOwn(COMMANDS, key) ? (COMMANDS[key] ?? null) : null
}
