/**
 * Coordinates the tabs in which one user is connected: which tab leads, which tabs exist, and which one is visible.
 *
 * Each tab announces itself to the leading tab, and holds a Web Lock that the browser releases when the tab is closed. So
 * the leading tab alone chooses the visible tab, and names it (`visibleTabId`) in each message that it relays.
 */

import type { AttentionSource } from './attention.ts'
import type { OpenTabGroup, TabGroup } from './tab-group.ts'
import {
  type Attention,
  type FollowerMessage,
  type LeaderMessage,
  parseTabMessage,
  type TabMessage,
} from './tab-messages.ts'

/** Part of the group's name, so that tabs with different versions of the messages do not hear each other. */
const TAB_PROTOCOL = 3

export interface TabCoordinatorOptions {
  userId: string
  /** Id of this tab, unique in the browser profile. */
  tabId: string
  openTabs: OpenTabGroup
  attention: AttentionSource
}

/** Callbacks. None may throw. */
export interface TabCoordinatorHandlers {
  /** This tab leads from now on. */
  lead(): void
  /** Another tab leads. */
  follow(): void
  /** While leading: a request of another tab. */
  asked(message: FollowerMessage, from: string): void
  /** While leading: a tab was closed. */
  gone(tabId: string): void
  /** While following: another tab leads than before. */
  newLeader(): void
  /** While following: a message of the leading tab. */
  told(message: LeaderMessage): void
  /** While leading: a tab became visible or hidden, or is used. */
  attended(): void
}

export class TabCoordinator {
  readonly #options: TabCoordinatorOptions
  readonly #handlers: TabCoordinatorHandlers
  readonly #stopAttention: () => void
  /** While leading: all tabs, this one included. */
  readonly #tabs = new Map<string, Attention>()
  #leading = false
  /** While following: the leading tab. This tab announces itself to each new leader. */
  #leaderId: string | null = null
  #group: TabGroup | null = null

  constructor(options: TabCoordinatorOptions, handlers: TabCoordinatorHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#stopAttention = options.attention.watch(() => this.#attend())
  }

  /** Ends in `lead` or `follow`. */
  open(): void {
    const { openTabs, userId, tabId } = this.#options
    this.#group = openTabs(`claimwire:${TAB_PROTOCOL}:${userId}`, tabId, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
      message: (data) => {
        const message = parseTabMessage(data)
        if (message !== null) this.#hear(message)
      },
      gone: (other) => {
        this.#tabs.delete(other)
        this.#handlers.gone(other)
      },
      unavailable: () => {
        this.#group = null
        this.#lead()
      },
    })
    if (this.#group === null) this.#lead()
  }

  /** Lets another tab lead. `open()` may be called again. */
  leave(): void {
    this.#group?.close()
    this.#group = null
    this.#leading = false
  }

  close(): void {
    this.leave()
    this.#stopAttention()
  }

  /** Takes the lead from a leading tab that does not answer. */
  steal(): void {
    this.#group?.steal()
  }

  post(message: LeaderMessage | FollowerMessage): void {
    this.#group?.post({ from: this.#options.tabId, ...message })
  }

  /** While leading: id of the one tab that is visible or, while all are hidden, was focused last. */
  get visibleTabId(): string {
    let best: [string, Attention] | null = null
    for (const tab of this.#tabs) if (best === null || isBefore(tab, best)) best = tab
    return best?.[0] ?? this.#options.tabId
  }

  /** While leading: the last time at which a visible tab was used; null while all tabs are hidden. */
  get usedAt(): number | null {
    const visible = [...this.#tabs.values()].filter((tab) => tab.visible)
    return visible.length === 0 ? null : Math.max(...visible.map(({ usedAt }) => usedAt))
  }

  /** While leading: whether this is the only tab. */
  get alone(): boolean {
    return this.#tabs.size <= 1
  }

  isThis(tabId: string): boolean {
    return tabId === this.#options.tabId
  }

  #lead(): void {
    this.#leading = true
    // The other tabs announce themselves to a new leader.
    this.#tabs.clear()
    this.#attend()
    this.#handlers.lead()
  }

  #follow(): void {
    this.#leading = false
    this.#leaderId = null
    this.#handlers.follow()
    this.#attend()
  }

  #attend(): void {
    const attention = this.#options.attention.current()
    if (this.#leading) {
      this.#tabs.set(this.#options.tabId, attention)
      this.#handlers.attended()
    } else this.post({ kind: 'attention', attention })
  }

  #hear(message: TabMessage): void {
    switch (message.kind) {
      case 'attention':
        if (!this.#leading) return
        if (!this.#tabs.has(message.from)) this.#group?.watch(message.from)
        this.#tabs.set(message.from, message.attention)
        this.#handlers.attended()
        return
      case 'ask':
      case 'retry':
      case 'ping':
      case 'recount':
      case 'topics':
        if (this.#leading) this.#handlers.asked(message, message.from)
        return
      default:
        if (this.#leading) return
        if (message.from !== this.#leaderId) {
          this.#leaderId = message.from
          this.#attend()
          this.#handlers.newLeader()
        }
        this.#handlers.told(message)
    }
  }
}

function isBefore([id, a]: [string, Attention], [otherId, b]: [string, Attention]): boolean {
  if (a.visible !== b.visible) return a.visible
  if (a.focusedAt !== b.focusedAt) return a.focusedAt > b.focusedAt
  return id < otherId
}
