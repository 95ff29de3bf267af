/**
 * Claims that came by a form with the address of the signed-in user, and wait for the word that they are the user's. The
 * database lets a session confirm that began with a link or code by mail, or one with the token of the claim's mail.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import { BaseStore } from '../../shared/base-store.ts'
import type { ClaimLink } from '../sign-in/landing.ts'

export interface WaitingClaim {
  incidentId: string
  /** Null while the user's sign-in does not prove the mailbox. */
  title: string | null
  receivedAt: string
  canConfirm: boolean
}

export interface WaitingClaimsState {
  claims: readonly WaitingClaim[]
  /** The claim that is being confirmed or refused. */
  busy: string | null
  error: string
}

export interface WaitingClaimsOptions {
  supabase: Pick<SupabaseClient<Database>, 'rpc'>
  /** The link of a claim's mail that opened this page. */
  link: ClaimLink | null
  /** Reads the incidents again, with the new one. */
  confirmed: () => Promise<void>
}

const AWAY = 'The server could not be reached. Try again in a moment.'
const WORDS: Readonly<Record<string, string>> = {
  claim_not_waiting: 'This claim does not wait for your address any more.',
  claim_link_invalid:
    'The link of the mail is too old. Sign out, and sign in by email: then you can confirm it here.',
  mailbox_unproven: 'Sign out, and sign in by email: then you can confirm it here.',
  rate_limited: 'Too many attempts. Wait a minute, then try again.',
}

export class WaitingClaimsStore extends BaseStore<WaitingClaimsState> {
  readonly #options: WaitingClaimsOptions

  constructor(options: WaitingClaimsOptions) {
    super({ claims: [], busy: null, error: '' })
    this.#options = options
  }

  /** Never rejects: without an answer, the list stays, and the next connection reads it again. */
  async read(): Promise<void> {
    const { data } = await this.#options.supabase.rpc('waiting_claims')
    if (data === null) return
    const { link } = this.#options
    this.change({
      claims: data.map((row) => ({
        incidentId: row.incident_id,
        title: row.title,
        receivedAt: row.received_at,
        canConfirm: row.can_confirm || (link?.incidentId === row.incident_id && link.token !== null),
      })),
    })
  }

  /** After the first sign-in by mail. Without an answer, the next visit repeats it. */
  async confirmMailbox(): Promise<void> {
    await this.#options.supabase.rpc('confirm_mailbox')
  }

  /** @returns whether the claim is the user's now. */
  async confirm(incidentId: string): Promise<boolean> {
    const { supabase, link, confirmed } = this.#options
    const token = link?.incidentId === incidentId ? link.token : null
    this.change({ busy: incidentId, error: '' })
    const { error } = await supabase.rpc('confirm_claim', {
      p_incident_id: incidentId,
      ...(token !== null && { p_token: token }),
    })
    if (error !== null) {
      this.change({ busy: null, error: WORDS[error.message] ?? AWAY })
      return false
    }
    await confirmed()
    this.#remove(incidentId)
    return true
  }

  async refuse(incidentId: string): Promise<void> {
    this.change({ busy: incidentId, error: '' })
    const { error } = await this.#options.supabase.rpc('refuse_claim', { p_incident_id: incidentId })
    if (error === null) this.#remove(incidentId)
    else this.change({ busy: null, error: WORDS[error.message] ?? AWAY })
  }

  #remove(incidentId: string): void {
    this.change({ busy: null, claims: this.state.claims.filter((claim) => claim.incidentId !== incidentId) })
  }
}
