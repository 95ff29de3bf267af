/** Typed events. A listener that throws is reported and cannot keep the others from hearing. */

export type Listener<Args extends readonly unknown[]> = (...args: Args) => void

export class Emitter<Events extends { [Name in keyof Events]: readonly unknown[] }> {
  /** And whether each is for the next time only. */
  #listeners: { [Name in keyof Events]?: Map<Listener<Events[Name]>, boolean> } = {}
  readonly #onFailure: (event: keyof Events, cause: unknown) => void

  /** @param onFailure is told of listeners that threw; it must not throw itself. */
  constructor(onFailure: (event: keyof Events, cause: unknown) => void) {
    this.#onFailure = onFailure
  }

  /** The same function given twice is called once. @returns the way to remove it again. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(event, listener, false)
  }

  /** As `on`, for the next time only. */
  once<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(event, listener, this.#listeners[event]?.get(listener) ?? true)
  }

  off<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): void {
    this.#listeners[event]?.delete(listener)
  }

  /** Listeners added meanwhile are not called any more, removed ones neither. */
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
