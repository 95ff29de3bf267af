/** The Range header, RFC 9110 section 14.2: one range of bytes. */

/** First and last byte, both included. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * @returns undefined for several ranges, and for units other than bytes: the whole object is sent then. A malformed range is
 * unsatisfiable, as in the real Storage.
 */
export function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  if (!/^\s*bytes\s*=/i.test(header) || header.includes(',')) return undefined
  const [, first = '', last = ''] = /=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(header) ?? []
  if (first === '' && last === '') return 'unsatisfiable'
  if (first === '') {
    const length = Number(last)
    return length === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - length), end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return 'unsatisfiable'
  return start >= size ? 'unsatisfiable' : { start, end }
}
