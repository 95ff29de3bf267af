/**
 * This tab's place among the tabs of its user: who leads, who is there, and who is looked at.
 *
 * The leader knows the others: they make themselves known to it, and their locks say when they are gone. So the leader
 * alone decides which tab is the foremost one, and says so with each message that it relays.
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

/** Part of the group's name: tabs of different versions form groups of their own. */
const TAB_PROTOCOL = 1

export interface TabCoordinatorOptions {
  userId: string
  /** Of this tab, unique in the browser profile. */
  tabId: string
  openTabs: OpenTabGroup
  attention: AttentionSource
}

/** None of these may throw. */
export interface TabCoordinatorHandlers {
  /** This tab leads from now on, or is alone. */
  lead(): void
  /** Another tab leads. */
  follow(): void
  /** While leading: what another tab wants. */
  asked(message: FollowerMessage, from: string): void
  /** While leading: a tab is gone. */
  gone(tabId: string): void
  /** While following: the leader is another one than before. */
  newLeader(): void
  /** While following: what the leader says. */
  told(message: LeaderMessage): void
}

export class TabCoordinator {
  readonly #options: TabCoordinatorOptions
  readonly #handlers: TabCoordinatorHandlers
  readonly #stopAttention: () => void
  /** While leading: the tabs that are there, this one included. */
  readonly #tabs = new Map<string, Attention>()
  #leading = false
  /** While following: who leads; a new leader has to be told about this tab. */
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

  /** Frees the lead for another tab. May be opened again. */
  leave(): void {
    this.#group?.close()
    this.#group = null
    this.#leading = false
  }

  close(): void {
    this.leave()
    this.#stopAttention()
  }

  /** Takes the lead from a tab that does not answer. */
  steal(): void {
    this.#group?.steal()
  }

  post(message: LeaderMessage | FollowerMessage): void {
    this.#group?.post({ from: this.#options.tabId, ...message })
  }

  /** While leading: the tab that people look at, or looked at last: of all that are known exactly one. */
  get foremost(): string {
    let best: [string, Attention] | null = null
    for (const tab of this.#tabs) if (best === null || isBefore(tab, best)) best = tab
    return best?.[0] ?? this.#options.tabId
  }

  /** While leading: no other tab is there. */
  get alone(): boolean {
    return this.#tabs.size <= 1
  }

  isThis(tabId: string): boolean {
    return tabId === this.#options.tabId
  }

  #lead(): void {
    this.#leading = true
    // The others make themselves known to a new leader.
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
    if (this.#leading) this.#tabs.set(this.#options.tabId, attention)
    else this.post({ kind: 'attention', attention })
  }

  #hear(message: TabMessage): void {
    switch (message.kind) {
      case 'attention':
        if (!this.#leading) return
        if (!this.#tabs.has(message.from)) this.#group?.watch(message.from)
        this.#tabs.set(message.from, message.attention)
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
