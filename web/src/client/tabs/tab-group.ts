/**
 * Tabs of one browser profile that belong together: one of them leads, all hear each other.
 *
 *   waiting ──> leading      when nobody leads any more: closed, crashed, or deposed
 *      ^           │
 *      └───────────┘ deposed: another tab took the lead by force, since this one did not answer
 */

export interface TabGroup {
  /** To all other tabs of the group. */
  post(message: unknown): void
  /** Takes the lead by force. */
  steal(): void
  /** Calls `gone` once that tab has closed its group, or died. */
  watch(tabId: string): void
  /** Gives the lead up, or stops waiting for it; no handler is called afterwards. */
  close(): void
}

export interface TabGroupHandlers {
  /** This tab leads from now on. */
  lead(): void
  /** Another tab leads: this one waits. */
  follow(): void
  message(data: unknown): void
  /** A tab that was watched is no longer part of the group. */
  gone(tabId: string): void
  /** It turned out that tabs cannot find each other here; the group is closed. */
  unavailable(): void
}

/**
 * No handler is called before it has returned; then `lead`, `follow` or `unavailable` is.
 *
 * @param tabId unique among the tabs of the group.
 * @returns null where there can be no groups; the tab is alone then.
 */
export type OpenTabGroup = (name: string, tabId: string, handlers: TabGroupHandlers) => TabGroup | null
