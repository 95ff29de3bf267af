/** How the signed-in user follows the incident on the screen: read once, and changed by two buttons. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'
import { BaseStore } from '../../shared/base-store.ts'

export interface FollowState {
  /** False until the row was read, and for staff who are not members: they cannot follow. */
  isMember: boolean
  /** Why the user follows: `owner`, `assigned`, `mentioned`, `following`; null: the user does not. */
  reason: string | null
  muted: boolean
  isSaving: boolean
}

export class FollowStore extends BaseStore<FollowState> {
  readonly #supabase: SupabaseClient<Database>
  readonly #incidentId: string
  readonly #failed: () => void

  /** @param failed a change was not saved. */
  constructor(supabase: SupabaseClient<Database>, incidentId: string, failed: () => void) {
    super({ isMember: false, reason: null, muted: false, isSaving: false })
    this.#supabase = supabase
    this.#incidentId = incidentId
    this.#failed = failed
  }

  /** Without an answer the buttons stay away. */
  async read(): Promise<void> {
    const { data } = await this.#supabase
      .from('incident_followers')
      .select('reason, muted')
      .eq('incident_id', this.#incidentId)
      .limit(1)
    if (data !== null && data[0] !== undefined) this.#show(data[0])
  }

  /** Follows, or no longer follows by choice or mention. */
  async toggleFollow(): Promise<void> {
    const name = this.state.reason === null ? 'follow_incident' : 'unfollow_incident'
    await this.#save(() => this.#supabase.rpc(name, { p_incident_id: this.#incidentId }))
  }

  async toggleMute(): Promise<void> {
    const muted = !this.state.muted
    await this.#save(() =>
      this.#supabase.rpc('mute_incident', { p_incident_id: this.#incidentId, p_muted: muted }),
    )
  }

  async #save(send: () => PromiseLike<{ data: unknown; error: unknown }>): Promise<void> {
    if (this.state.isSaving) return
    this.change({ isSaving: true })
    const { data, error } = await send()
    this.change({ isSaving: false })
    if (error === null) this.#show(data)
    else this.#failed()
  }

  #show(row: unknown): void {
    if (!isRecord(row)) return
    const { reason, muted } = row
    this.change({
      isMember: true,
      reason: typeof reason === 'string' ? reason : null,
      muted: muted === true,
    })
  }
}
