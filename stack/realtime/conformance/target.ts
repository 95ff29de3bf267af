/** What recordings are replayed against. */

import type { HttpRequest, SqlOutcome } from './recording.ts'

export interface Target {
  /** Origin of the gateway; recorded paths begin with `/realtime/v1`. */
  readonly gateway: string
  /** Origin of the server without a gateway before it, where there is access to it. */
  readonly direct: string | undefined
  readonly publishableKey: string
  /** Signs the claims as the target's own tokens are signed; `forged` with a key that it does not know. */
  mint(claims: Record<string, unknown>, forged: boolean): Promise<string>
  /** Sets the target's clock to a moment of the recording, where it can be set. */
  readonly follow: ((at: number) => void) | undefined
  /** Undefined where there is no access to the database. */
  readonly sql: ((role: string, text: string, params: unknown[]) => Promise<SqlOutcome>) | undefined
  /** The operator's interface: limits and reload. Undefined where there is no access to it. */
  readonly operate: ((request: HttpRequest) => Promise<{ status: number }>) | undefined
}
