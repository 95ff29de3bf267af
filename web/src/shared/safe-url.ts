/** Addresses that come from data: only those that open something, never those that run something. */

const ALLOWED: ReadonlySet<string> = new Set(['http:', 'https:', 'blob:'])

/** @returns the address as a link may have it; null for `javascript:`, `data:` and what is no address at all. */
export function safeUrl(url: string): string | null {
  // Within the page; and `//host` or `/path` are resolved below like everything else.
  if (url.startsWith('#')) return url
  const parsed = URL.parse(url, globalThis.document?.baseURI ?? 'https://page.invalid/')
  return parsed !== null && ALLOWED.has(parsed.protocol) ? url : null
}
