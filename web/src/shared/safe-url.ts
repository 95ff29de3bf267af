/** Lets addresses from data through only where following them loads a page or a file, and runs no script. */

const ALLOWED: ReadonlySet<string> = new Set(['http:', 'https:', 'blob:'])

/** @returns the address, for a link; null for `javascript:`, `data:` and text that is not an address. */
export function safeUrl(url: string): string | null {
  // An address within the page. `//host` and `/path` are resolved below.
  if (url.startsWith('#')) return url
  const parsed = URL.parse(url, globalThis.document?.baseURI ?? 'https://page.invalid/')
  return parsed !== null && ALLOWED.has(parsed.protocol) ? url : null
}
