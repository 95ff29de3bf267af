/** What stores have in common: state that is replaced with every change, and listeners that are told of it. */

export abstract class BaseStore<State extends object> {
  #state: State
  readonly #listeners = new Set<(state: State) => void>()
  #closed = false

  constructor(state: State) {
    this.#state = state
  }

  get state(): State {
    return this.#state
  }

  /** @returns the way to stop listening. */
  subscribe(listener: (state: State) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The state stays what it is from here on. */
  close(): void {
    this.#closed = true
    this.#listeners.clear()
  }

  protected get isClosed(): boolean {
    return this.#closed
  }

  protected change(change: Partial<State>): void {
    if (this.#closed) return
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) listener(this.#state)
  }
}
