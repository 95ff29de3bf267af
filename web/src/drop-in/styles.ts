/** The styles of toasts and indicator as a constructed style sheet, which a Content-Security-Policy allows. */

import status from '../status/status.css?inline'
import toasts from '../toasts/toasts.css?inline'

/** @returns a function that removes the styles. */
export function adoptStyles(): () => void {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(toasts + status)
  // Before the page's own constructed sheets, so that the page can override the styles.
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets]
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet)
  }
}
