/** Names of the scripts that the fonts of a report lack. */

/** A text with characters of several scripts is named after the first that matches. */
const SCRIPTS = [
  ['japanese', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['korean', /\p{Script=Hangul}/u],
  ['chinese', /\p{Script=Han}/u],
  ['arabic', /\p{Script=Arabic}/u],
  ['hebrew', /\p{Script=Hebrew}/u],
  ['thai', /\p{Script=Thai}/u],
  ['devanagari', /\p{Script=Devanagari}/u],
  ['georgian', /\p{Script=Georgian}/u],
  ['armenian', /\p{Script=Armenian}/u],
  ['emoji', /\p{Extended_Pictographic}|\p{Regional_Indicator}/u],
] as const satisfies readonly (readonly [string, RegExp])[]

export type MissingScript = (typeof SCRIPTS)[number][0] | 'other'

/** The script of characters that the fonts lack. */
export function scriptOf(run: string): MissingScript {
  return SCRIPTS.find(([, pattern]) => pattern.test(run))?.[0] ?? 'other'
}
