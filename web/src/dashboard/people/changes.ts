/**
 * Changes that are shown at once and taken back when the server refuses them. Rows that were read during a change are not
 * shown, because they may be older than the change.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { BaseStore } from '../../shared/base-store.ts'

export interface ChangeState {
  phase: 'loading' | 'ready' | 'failed'
  /** A change is under way. */
  isBusy: boolean
  /** What went wrong with the last change, for people. */
  problem: string
  /** What the last change has done, for people. */
  done: string
}

export interface ChangingState<Data> extends ChangeState {
  data: Data
}

export abstract class ChangingStore<Data extends object> extends BaseStore<ChangingState<Data>> {
  #isReading = false
  #readAgain = false
  #lastChange: Promise<unknown> = Promise.resolve()

  /** @param data shown until the first read has ended. */
  constructor(data: Data) {
    super({ data, phase: 'loading', isBusy: false, problem: '', done: '' })
  }

  protected abstract load(): Promise<Data>

  /** Reads everything; a call during a read or a change leads to one more read. Never rejects. */
  async read(): Promise<void> {
    if (this.#isReading || this.state.isBusy) {
      this.#readAgain = true
      return
    }
    this.#isReading = true
    do {
      this.#readAgain = false
      const before = this.state.data
      try {
        const data = await this.load()
        if (this.state.data === before) this.change({ data, phase: 'ready' })
        else this.#readAgain = true
      } catch {
        // What was read before stays on the screen.
        if (this.state.phase !== 'ready') this.change({ phase: 'failed' })
      }
    } while (this.#readAgain && !this.state.isBusy)
    this.#isReading = false
  }

  /**
   * Changes run one after another.
   *
   * @param shown what becomes of the data when the change begins, where that is known.
   * @param work resolves with what was done, for people.
   * @returns whether the server accepted the change.
   */
  protected attempt(shown: (data: Data) => Partial<Data>, work: () => Promise<string>): Promise<boolean> {
    const turn = this.#lastChange.then(() => this.#change(shown, work))
    this.#lastChange = turn
    return turn
  }

  async #change(shown: (data: Data) => Partial<Data>, work: () => Promise<string>): Promise<boolean> {
    const before = this.state.data
    this.change({ data: { ...before, ...shown(before) }, isBusy: true, problem: '', done: '' })
    let done = ''
    let problem = ''
    try {
      done = await work()
    } catch (error) {
      problem =
        error instanceof AppError
          ? error.message
          : 'The server did not answer. Nothing was changed; try again.'
    }
    this.change({ ...(problem !== '' && { data: before }), isBusy: false, problem, done })
    void this.read()
    return problem === ''
  }

  /** Takes away what was said of the last change. */
  quiet(): void {
    this.change({ problem: '', done: '' })
  }
}
