/** The keys that work while the focus is in the list. Enter is not among them: the browser follows the line's link. */

/** A number moves the current line by so many lines. */
export type ListCommand = number | 'mark' | 'mark-all' | 'done' | 'undo' | 'help'

const COMMANDS: Readonly<Record<string, ListCommand>> = {
  j: 1,
  k: -1,
  ArrowDown: 1,
  ArrowUp: -1,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
  e: 'mark',
  E: 'mark-all',
  d: 'done',
  z: 'undo',
  '?': 'help',
}

/** @returns null for a key that does nothing in the list. */
export function commandOf(event: KeyboardEvent): ListCommand | null {
  const { target, key, defaultPrevented, ctrlKey, metaKey, altKey } = event
  if (defaultPrevented || ctrlKey || metaKey || altKey) return null
  if (target instanceof HTMLSelectElement || target instanceof HTMLInputElement) return null
  return Object.hasOwn(COMMANDS, key) ? (COMMANDS[key] ?? null) : null
}
