/** Faults that tests can ask for, so that the simulator fails like a real service. */

export interface SimulatedCall {
  /** From 1. */
  number: number
  /** Of the recording. */
  bytes: number
  model: string
}

export type SimulatorFault =
  /** An answer in OpenAI's form; `code` is the error's, e.g. `insufficient_quota`. */
  | { kind: 'status'; status: number; retryAfterSeconds?: number; code?: string }
  /** No answer at all. */
  | { kind: 'hang' }
  /** The stream goes silent after this number of pieces. */
  | { kind: 'stall'; after: number }
  /** The connection breaks after this number of pieces. */
  | { kind: 'cut'; after: number }
