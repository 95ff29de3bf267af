/** Typed events. A listener that throws is reported and cannot keep the others from hearing. */

export type Listener<Args extends readonly unknown[]> = (...args: Args) => void

export class Emitter<Events extends { [Name in keyof Events]: readonly unknown[] }> {
  #listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {}
  readonly #onFailure: (event: keyof Events, cause: unknown) => void

  /** @param onFailure is told of listeners that threw; it must not throw itself. */
  constructor(onFailure: (event: keyof Events, cause: unknown) => void) {
    this.#onFailure = onFailure
  }

  /** The same function given twice is called once. @returns the way to remove it again. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners[event] ?? new Set<Listener<Events[Name]>>()
    this.#listeners[event] = listeners.add(listener)
    return () => this.off(event, listener)
  }

  off<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): void {
    this.#listeners[event]?.delete(listener)
  }

  /** Listeners added meanwhile are not called any more, removed ones neither. */
  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    const listeners = this.#listeners[event]
    if (listeners === undefined) return
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue
      try {
        listener(...args)
      } catch (cause) {
        this.#onFailure(event, cause)
      }
    }
  }
}
