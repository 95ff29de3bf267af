/** The styles of toasts and indicator as a constructed style sheet, which no Content-Security-Policy stands against. */

import status from '../status/status.css?inline'
import toasts from '../toasts/toasts.css?inline'

/** @returns the way to take them away again. */
export function adoptStyles(): () => void {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(toasts + status)
  // Before the page's own constructed sheets, which may want to say otherwise.
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets]
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet)
  }
}
