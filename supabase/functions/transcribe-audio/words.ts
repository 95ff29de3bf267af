/** Counts words by the rules of Unicode, also in scripts without spaces. */

const words = new Intl.Segmenter(undefined, { granularity: 'word' })

export function countWords(text: string): number {
  let count = 0
  for (const { isWordLike } of words.segment(text)) if (isWordLike === true) count += 1
  return count
}
