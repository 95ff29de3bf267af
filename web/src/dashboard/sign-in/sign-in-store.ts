/**
 * The way in, without a page: which step is shown, and what Auth said.
 *
 *   address ──sendMail──▶ code ──enterCode──▶ (session)          the mail's link, in any tab, ends this step as well
 *      ▲ │                  │ resend, changeAddress
 *      │ └─ password ───────┴─ forgot ──sendMail──▶ code (recovery) ──▶ (session, then a new password)
 *      └─ link ──openLink──▶ (session) or: the link is spent, with the offer of a new one
 *
 * A session ends every step: `main.tsx` listens to Auth, which also tells of sign-ins in other tabs.
 */

import type { EmailOtpType, SupabaseClient } from '@supabase/supabase-js'
import { BaseStore } from '../../shared/base-store.ts'
import { authWords, linkWords, waitOf } from './auth-words.ts'
import type { Arrival } from './landing.ts'

export type Step = 'address' | 'code' | 'password' | 'forgot' | 'link' | 'half_confirmed'

export interface SignInState {
  step: Step
  email: string
  /** What the code of the mail is for. */
  purpose: 'sign_in' | 'recovery'
  /** What is under way. */
  busy: 'mail' | 'code' | 'password' | 'link' | 'demo' | null
  error: string
  /** Good news, such as a mail that was sent again. */
  notice: string
  /** Milliseconds since 1970 when another mail may be asked for. */
  nextMailAt: number
}

export type MailboxAuth = Pick<
  SupabaseClient['auth'],
  'signInWithOtp' | 'verifyOtp' | 'signInWithPassword' | 'resetPasswordForEmail'
>

export interface SignInOptions {
  auth: MailboxAuth
  arrival: Arrival
  /** Where the links of mails lead. */
  returnTo: () => string
  /** Auth has answered about the link of the address, which is spent now. */
  onLinkSpent: (outcome: 'signed_in' | 'half_confirmed' | 'refused') => void
  clock?: () => number
}

/** Seconds between two mails, as hosted Auth asks for. */
const MAIL_PAUSE = 60
/** Answers to an address without an account. The page says nothing about accounts: strangers type addresses, too. */
const NO_ACCOUNT: readonly string[] = ['otp_disabled', 'signup_disabled', 'user_not_found']
const MAX_ADDRESS = 254
const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

export class SignInStore extends BaseStore<SignInState> {
  readonly #options: SignInOptions
  readonly #clock: () => number

  constructor(options: SignInOptions) {
    const { arrival } = options
    super({
      step:
        arrival.kind === 'token' ? 'link' : arrival.kind === 'half_confirmed' ? 'half_confirmed' : 'address',
      email: '',
      purpose: 'sign_in',
      busy: null,
      error: arrival.kind === 'failed' ? linkWords({ code: arrival.code, status: 403, message: '' }) : '',
      notice: '',
      nextMailAt: 0,
    })
    this.#options = options
    this.#clock = options.clock ?? Date.now
  }

  go(step: Step): void {
    this.change({ step, error: '', notice: '', purpose: step === 'forgot' ? 'recovery' : 'sign_in' })
  }

  /** Remembers what was typed, so that another step has it. */
  keepAddress(email: string): void {
    this.change({ email })
  }

  async sendMail(typed: string): Promise<void> {
    const email = typed.trim()
    if (!ADDRESS.test(email) || email.length > MAX_ADDRESS) {
      this.change({ email, error: 'Enter your email address, such as name@example.com.' })
      return
    }
    const isAgain = this.state.step === 'code'
    this.change({ email, busy: 'mail', error: '', notice: '' })
    const { auth, returnTo } = this.#options
    const { error } =
      this.state.purpose === 'recovery'
        ? await auth.resetPasswordForEmail(email, { redirectTo: returnTo() })
        : await auth.signInWithOtp({ email, options: { emailRedirectTo: returnTo() } })
    const wait = error === null ? null : waitOf(error)
    if (error === null || NO_ACCOUNT.includes(error.code ?? '')) {
      const notice = isAgain ? 'A new mail is on its way. Only the newest one counts.' : ''
      this.change({ step: 'code', busy: null, notice, nextMailAt: this.#clock() + MAIL_PAUSE * 1000 })
    } else if (wait !== null && error.code === 'over_email_send_rate_limit') {
      // The mail before this one is on its way, and its code is good.
      this.change({
        step: 'code',
        busy: null,
        error: authWords(error),
        nextMailAt: this.#clock() + wait * 1000,
      })
    } else {
      this.change({ busy: null, error: authWords(error) })
    }
  }

  async enterCode(typed: string): Promise<void> {
    const token = typed.replace(/\D/g, '')
    if (token.length < 6) {
      this.change({ error: 'The code has six digits or more. It is in the mail.' })
      return
    }
    const { email, purpose } = this.state
    await this.#verify('code', { email, token, type: purpose === 'recovery' ? 'recovery' : 'email' })
  }

  /** Spends the link that the page was opened by. */
  async openLink(): Promise<void> {
    const { arrival, onLinkSpent } = this.#options
    if (arrival.kind !== 'token') return
    const outcome = await this.#verify('link', { token_hash: arrival.tokenHash, type: arrival.type })
    if (outcome === 'half_confirmed') this.change({ step: 'half_confirmed' })
    if (outcome !== 'no_answer') onLinkSpent(outcome)
  }

  async enterPassword(typed: string, password: string, way: 'password' | 'demo' = 'password'): Promise<void> {
    const email = typed.trim()
    if (email === '' || password === '') {
      this.change({ error: 'Enter your email address and your password.' })
      return
    }
    this.change({ ...(way === 'password' && { email }), busy: way, error: '' })
    const { error } = await this.#options.auth.signInWithPassword({ email, password })
    this.change({ busy: null, error: error === null ? '' : authWords(error) })
  }

  async #verify(
    busy: 'code' | 'link',
    proof: { email: string; token: string; type: EmailOtpType } | { token_hash: string; type: EmailOtpType },
  ): Promise<'signed_in' | 'half_confirmed' | 'refused' | 'no_answer'> {
    this.change({ busy, error: '', notice: '' })
    const { data, error } = await this.#options.auth.verifyOtp(proof)
    if (error === null) {
      this.change({ busy: null })
      return data.session === null ? 'half_confirmed' : 'signed_in'
    }
    const isRefused =
      error.status !== undefined && error.status >= 400 && error.status < 500 && error.status !== 429
    // A spent link is no step any more: the next one is asked for here.
    const step = isRefused && busy === 'link' ? 'address' : this.state.step
    this.change({ busy: null, step, error: busy === 'link' ? linkWords(error) : authWords(error) })
    return isRefused ? 'refused' : 'no_answer'
  }
}
