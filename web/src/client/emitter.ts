/** Typed events. An error in one listener is reported, and the other listeners are still called. */

export type Listener<Args extends readonly unknown[]> = (...args: Args) => void

export class Emitter<Events extends { [Name in keyof Events]: readonly unknown[] }> {
  /** The listeners of each event, and whether each was added by `once`. */
  #listeners: { [Name in keyof Events]?: Map<Listener<Events[Name]>, boolean> } = {}
  readonly #onFailure: (event: keyof Events, cause: unknown) => void

  /** @param onFailure called with the error of a listener; must not throw. */
  constructor(onFailure: (event: keyof Events, cause: unknown) => void) {
    this.#onFailure = onFailure
  }

  /** A function that is added twice is called once. @returns a function that removes the listener. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(event, listener, false)
  }

  /** As `on`, for the next event only. */
  once<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(event, listener, this.#listeners[event]?.get(listener) ?? true)
  }

  off<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): void {
    this.#listeners[event]?.delete(listener)
  }

  /** Listeners that are added or removed during the call are not called. */
  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    const listeners = this.#listeners[event]
    if (listeners === undefined) return
    for (const listener of [...listeners.keys()]) {
      if (!listeners.has(listener)) continue
      if (listeners.get(listener)) listeners.delete(listener)
      try {
        listener(...args)
      } catch (cause) {
        this.#onFailure(event, cause)
      }
    }
  }

  #add<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>, once: boolean): () => void {
    const listeners = this.#listeners[event] ?? new Map<Listener<Events[Name]>, boolean>()
    this.#listeners[event] = listeners.set(listener, once)
    return () => this.off(event, listener)
  }
}
