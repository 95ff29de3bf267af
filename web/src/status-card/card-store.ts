/**
 * Whether the card with the connection's details is open, and what it tells.
 *
 *   closed ── hover (after a moment), focus ──> shown ── click ──> kept
 *     ^                                           │                 │
 *     └── pointer and focus elsewhere, Escape ────┘    Escape, a click elsewhere, a second click
 */

import { signal } from '@preact/signals'
import type { ClientState, DashboardWebSocketClient } from '../client/index.ts'
import { countTabs } from './tab-count.ts'

/** Milliseconds of hovering until the card opens, and of being elsewhere until it closes. */
const OPEN_AFTER = 120
const CLOSE_AFTER = 220

/** Milliseconds between two looks at the client and the clock while the card is open. */
const TICK = 1_000

/** All that the card tells, read at one moment. */
export interface CardContent {
  client: ClientState
  now: number
  /** Milliseconds of the clock when the last message came; null before the first. */
  lastEventAt: number | null
  /** Tabs that share the connection; null where that is not known. */
  tabs: number | null
}

export interface CardStoreOptions {
  client: Pick<DashboardWebSocketClient, 'getState' | 'on' | 'ping'>
  clock: () => number
  /** The card has opened or closed. */
  toggled: () => void
}

export class CardStore {
  readonly #options: CardStoreOptions
  readonly #mode = signal<'closed' | 'shown' | 'kept'>('closed')
  readonly #content
  readonly #stopListening: () => void
  #lastEventAt: number | null = null
  #tabs: number | null = null
  #hoverTimer: ReturnType<typeof setTimeout> | undefined
  #ticker: ReturnType<typeof setInterval> | undefined

  constructor(options: CardStoreOptions) {
    this.#options = options
    this.#content = signal(this.#read())
    this.#stopListening = options.client.on('message', () => {
      this.#lastEventAt = options.clock()
      if (this.isOpen) this.update()
    })
  }

  get isOpen(): boolean {
    return this.#mode.value !== 'closed'
  }

  get content(): CardContent {
    return this.#content.value
  }

  /** Reads the client's state anew. */
  update(): void {
    this.#content.value = this.#read()
  }

  hover(isOver: boolean): void {
    clearTimeout(this.#hoverTimer)
    const mode = this.#mode.value
    if (isOver && mode === 'closed') this.#hoverTimer = setTimeout(() => this.#become('shown'), OPEN_AFTER)
    if (!isOver && mode === 'shown') this.#hoverTimer = setTimeout(() => this.#become('closed'), CLOSE_AFTER)
  }

  /** The button has the focus by keyboard. */
  focus(): void {
    if (!this.isOpen) this.#become('shown')
  }

  /** The focus has left button and card. */
  leave(): void {
    if (this.#mode.value === 'shown') this.#become('closed')
  }

  /** The button was clicked. */
  press(): void {
    this.#become(this.#mode.value === 'kept' ? 'closed' : 'kept')
  }

  close(): void {
    this.#become('closed')
  }

  destroy(): void {
    this.close()
    this.#stopListening()
  }

  #become(mode: 'closed' | 'shown' | 'kept'): void {
    clearTimeout(this.#hoverTimer)
    const wasOpen = this.isOpen
    this.#mode.value = mode
    if (this.isOpen === wasOpen) return
    clearInterval(this.#ticker)
    if (this.isOpen) {
      this.#ticker = setInterval(() => this.update(), TICK)
      this.update()
      this.#options.client.ping()
      void this.#countTabs()
    }
    this.#options.toggled()
  }

  async #countTabs(): Promise<void> {
    const { userId } = this.#options.client.getState()
    this.#tabs = userId === null ? null : await countTabs(userId)
    this.update()
  }

  #read(): CardContent {
    const { client, clock } = this.#options
    return { client: client.getState(), now: clock(), lastEventAt: this.#lastEventAt, tabs: this.#tabs }
  }
}
