/**
 * A group of tabs of one browser profile. One tab leads, and each tab hears the messages of all others.
 *
 *   waiting ──> leading      the leading tab was closed, crashed, or lost the lead
 *      ^           │
 *      └───────────┘ another tab took the lead, because this one did not answer
 */

export interface TabGroup {
  /** Sends a message to all other tabs of the group. */
  post(message: unknown): void
  /** Takes the lead from a tab that does not answer. */
  steal(): void
  /** Calls `gone` once that tab has closed its group or has been closed. */
  watch(tabId: string): void
  /** Leaves the group. No handler is called afterwards. */
  close(): void
}

export interface TabGroupHandlers {
  /** This tab leads from now on. */
  lead(): void
  /** Another tab leads: this one waits. */
  follow(): void
  message(data: unknown): void
  /** A watched tab has left the group. */
  gone(tabId: string): void
  /** Web Locks were refused: the group is closed. */
  unavailable(): void
}

/**
 * Opens a group. After it has returned, `lead`, `follow` or `unavailable` is called.
 *
 * @param tabId unique among the tabs of the group.
 * @returns null without Web Locks or BroadcastChannel; each tab then connects for itself.
 */
export type OpenTabGroup = (name: string, tabId: string, handlers: TabGroupHandlers) => TabGroup | null
