/** Mentions in a note: the name that is being typed after an @, and the people whom a text mentions. Pure. */

export interface Mentionable {
  userId: string
  name: string
}

export interface MentionQuery {
  /** Place of the @ in the text. */
  start: number
  /** What stands between the @ and the caret. */
  text: string
}

/** Characters after the @ that can be the beginning of a name. */
const LONGEST_QUERY = 40

/** People who are offered at once. */
const OFFERED = 6

/** @returns null where the caret does not follow an @ that begins a word. */
export function queryAt(text: string, caret: number): MentionQuery | null {
  const before = text.slice(0, caret)
  const start = before.lastIndexOf('@')
  if (start === -1 || caret - start > LONGEST_QUERY) return null
  if (start > 0 && !/[\s(]/.test(before.charAt(start - 1))) return null
  const query = before.slice(start + 1)
  return /[\n@]/.test(query) ? null : { start, text: query }
}

/** People of whose names a word begins with the query, in the order of their names. */
export function offered(people: readonly Mentionable[], { text }: MentionQuery): Mentionable[] {
  const wanted = folded(text)
  return people
    .filter(({ name }) => folded(name).startsWith(wanted) || folded(name).includes(` ${wanted}`))
    .sort((one, other) => one.name.localeCompare(other.name))
    .slice(0, OFFERED)
}

/** The text with the name in place of the query, and the caret behind it. */
export function withMention(
  text: string,
  { start, text: typed }: MentionQuery,
  { name }: Mentionable,
): { text: string; caret: number } {
  const mention = `@${name} `
  const rest = text.slice(start + 1 + typed.length)
  return { text: text.slice(0, start) + mention + rest.replace(/^ /, ''), caret: start + mention.length }
}

/** Ids of the chosen people whose names still stand in the text. */
export function mentionedIn(text: string, chosen: readonly Mentionable[]): string[] {
  return [...new Set(chosen.filter(({ name }) => text.includes(`@${name}`)).map(({ userId }) => userId))]
}

/** Lower case without accents, so that `e` finds `É`. */
function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
