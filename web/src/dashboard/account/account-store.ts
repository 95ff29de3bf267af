/**
 * Changes of the user's account: address, password, sessions.
 *
 *   address    changeAddress ──▶ two mails, to the old and the new address; both links confirm (sign-in/link-form.tsx)
 *   password   changePassword ──▶ done, or: Auth asks who it is ──▶ a code by mail ──▶ changePassword with the code
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { BaseStore } from '../../shared/base-store.ts'
import { authWords } from '../sign-in/auth-words.ts'

export type AccountAuth = Pick<SupabaseClient['auth'], 'updateUser' | 'reauthenticate' | 'signOut'>

export interface AccountState {
  busy: 'address' | 'password' | 'others' | null
  /** Where words about the last change belong. */
  about: 'address' | 'password' | 'others' | null
  error: string
  notice: string
  /** Auth wants the code of a mail before it changes the password. */
  needsCode: boolean
}

const MIN_PASSWORD = 8
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

export class AccountStore extends BaseStore<AccountState> {
  readonly #auth: AccountAuth

  constructor(auth: AccountAuth) {
    super({ busy: null, about: null, error: '', notice: '', needsCode: false })
    this.#auth = auth
  }

  /** @param returnTo where the links of the mails lead. @returns whether mails are on their way. */
  async changeAddress(typed: string, returnTo: string): Promise<boolean> {
    const email = typed.trim()
    if (!ADDRESS.test(email) || email.length > 254) {
      return this.#end('address', 'Enter the new email address, such as name@example.com.')
    }
    this.#begin('address')
    const { data, error } = await this.#auth.updateUser({ email }, { emailRedirectTo: returnTo })
    if (error !== null) return this.#end('address', authWords(error))
    const isDone = data.user.email?.toLowerCase() === email.toLowerCase()
    return this.#end(
      'address',
      '',
      isDone
        ? 'Your address is changed.'
        : 'Almost done: open the links in the mails to your old and to your new address. Until both are confirmed, the old one counts.',
    )
  }

  /** @returns whether the password is changed. */
  async changePassword(password: string, code: string): Promise<boolean> {
    if (password.length < MIN_PASSWORD)
      return this.#end('password', `Take at least ${MIN_PASSWORD} characters.`)
    const nonce = code.replace(/\D/g, '')
    if (this.state.needsCode && nonce === '') return this.#end('password', 'Enter the code of the mail.')
    this.#begin('password')
    const { error } = await this.#auth.updateUser({ password, ...(nonce !== '' && { nonce }) })
    if (error === null) {
      this.change({ needsCode: false })
      return this.#end('password', '', 'Your password is changed.')
    }
    if (error.code !== 'reauthentication_needed') return this.#end('password', authWords(error))
    const { error: unsent } = await this.#auth.reauthenticate()
    if (unsent !== null) return this.#end('password', authWords(unsent))
    this.change({ needsCode: true })
    return this.#end('password', '', 'To be sure that it is you, we have sent you a mail with a code.')
  }

  async signOutOthers(): Promise<boolean> {
    this.#begin('others')
    const { error } = await this.#auth.signOut({ scope: 'others' })
    return error === null
      ? this.#end('others', '', 'All other devices are signed out.')
      : this.#end('others', authWords(error))
  }

  #begin(about: NonNullable<AccountState['about']>): void {
    this.change({ busy: about, about, error: '', notice: '' })
  }

  #end(about: NonNullable<AccountState['about']>, error: string, notice = ''): boolean {
    this.change({ busy: null, about, error, notice })
    return error === ''
  }
}
