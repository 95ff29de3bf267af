/** A server against which recordings are replayed. */

import type { HttpRequest, SqlOutcome } from './recording.ts'

export interface Target {
  /** Origin of the gateway; recorded paths begin with `/realtime/v1`. */
  readonly gateway: string
  /** Origin of the server without its gateway; undefined without access to it. */
  readonly direct: string | undefined
  readonly publishableKey: string
  /** Signs the claims as the target's own tokens are signed; `forged` with a key that it does not know. */
  mint(claims: Record<string, unknown>, forged: boolean): Promise<string>
  /** Sets the target's clock to a time of the recording; undefined where the clock cannot be set. */
  readonly follow: ((at: number) => void) | undefined
  /** Undefined without access to the database. */
  readonly sql: ((role: string, text: string, params: unknown[]) => Promise<SqlOutcome>) | undefined
  /** The operator's interface: limits and reload. Undefined without access to it. */
  readonly operate: ((request: HttpRequest) => Promise<{ status: number }>) | undefined
}
