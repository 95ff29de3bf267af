/**
 * The drop-in as a classic script. It reads the page's data attributes, and starts once the page has been parsed.
 *
 * ```html
 * <body data-user-id="…" data-supabase-url="https://<ref>.supabase.co" data-supabase-key="sb_publishable_…">
 *   <span id="ws-connection-status"></span>
 *   <script src="/claimwire.js" defer></script>
 * ```
 */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { createStatusIndicator } from '../status/index.ts'
import { createToaster, type ToastType } from '../toasts/index.ts'
import { type PageConfiguration, readConfiguration } from './configuration.ts'
import { type DropIn, INDICATOR_ID, startDropIn } from './drop-in.ts'
import { problemView, reportProblem } from './problem.ts'
import { adoptStyles } from './styles.ts'
import type { TokenSource } from './token.ts'
import { tokenFrom } from './token-sources.ts'

declare global {
  interface Window {
    /** The page's connection; null when its settings are wrong, or it has not been parsed yet. */
    getDashboardWebSocket(): DashboardWebSocketClient | null
    /** `durationMs` defaults to 5000; errors stay until they are dismissed unless one is given. */
    showToast(title: string, message: string, type?: ToastType, durationMs?: number): string
    /** May be set by the page: returns the token of the signed-in user. */
    claimwireToken?: TokenSource
  }
}

/** Set only while the script itself runs. */
const script = document.currentScript

let dropIn: DropIn | null = null
let showToast: Window['showToast'] | null = null

window.getDashboardWebSocket = () => dropIn?.client ?? null
window.showToast = (...args) => {
  // Toasts work without a connection, and before it.
  showToast ??= standaloneToasts()
  return showToast(...args)
}

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start, { once: true })
else start()

function start(): void {
  try {
    const attributes = script instanceof HTMLElement ? script.dataset : {}
    dropIn = startDropIn(optionsOf(readConfiguration(document.body.dataset, attributes)))
    showToast = dropIn.showToast
  } catch (cause) {
    const code = reportProblem(cause)
    adoptStyles()
    const element = document.getElementById(INDICATOR_ID)
    if (element !== null) {
      createStatusIndicator({ element, client: problemView(code, () => location.reload()) })
    }
  }
}

function optionsOf({
  tokenUrl,
  storageKey,
  ...configuration
}: PageConfiguration): Parameters<typeof startDropIn>[0] {
  const token: TokenSource | undefined =
    tokenUrl === undefined ? window.claimwireToken && (() => askPage()) : tokenFrom(tokenUrl)
  return {
    ...configuration,
    ...(token === undefined ? {} : { token }),
    ...(storageKey === undefined ? {} : { storageKey }),
  }
}

/** Reads the function each time, because the page may replace it. */
function askPage(): ReturnType<TokenSource> {
  return window.claimwireToken?.() ?? null
}

function standaloneToasts(): Window['showToast'] {
  adoptStyles()
  const toaster = createToaster()
  return (...args) => toaster.showToast(...args)
}
