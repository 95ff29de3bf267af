/** Secret keys are refused from browsers, as on hosted Supabase: everyone who opens the page could read the key. */

const BROWSER = /\bMozilla\/\d/

/** Every browser begins its User-Agent with `Mozilla/5.0`, and a page cannot change it. */
export function isBrowser(userAgent: string | null | undefined): boolean {
  return BROWSER.test(userAgent ?? '')
}
