/**
 * Which page is shown: the way in, a new password, or the dashboard.
 *
 *   address with a mail's link ──▶ its button ──▶ session ──▶ dashboard, at the incident of the mail
 *   address with a session or code of Auth ─────▶ session ──▶ dashboard
 *   no session ──▶ sign-in ──▶ session, made here or in another tab ──▶ dashboard
 */

import type { AuthChangeEvent, Session, SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { LazyModule } from '../client/lazy-module.ts'
import { mount } from '../ui/mount.ts'
import type { DashboardConfig } from './config.ts'
import { createDashboard, type Dashboard } from './dashboard.ts'
import { forgetOthers } from './kept-data.ts'
import { DashboardPage } from './page/dashboard-page.tsx'
import { isPlain, type Landing, plainAddress, returnAddress } from './sign-in/landing.ts'

const signInModule = new LazyModule(() => import('./sign-in/index.ts'))

export interface PagesOptions {
  root: HTMLElement
  config: DashboardConfig
  supabase: SupabaseClient<Database>
  landing: Landing
  /** The path that the dashboard is served under. */
  base: string
}

/** Milliseconds after which a dashboard loads the code of the way in, so that signing out needs no network. */
const PRELOAD_AFTER = 5_000

export function createPages({ root, config, supabase, landing, base }: PagesOptions): { start(): void } {
  const { claim } = landing
  let { arrival } = landing
  let dashboard: Dashboard | null = null
  let session: Session | null = null
  /** The page on the screen; the user's id stands for the dashboard of that user. */
  let shown: string | undefined
  /** The session came by a link or code for a forgotten password. */
  let isRecovering = false
  /** Auth has told of the session that this browser had before. */
  let isStarted = false
  /** Stops waiting for the code of a page that is no longer wanted. */
  let stopLoading = (): void => undefined
  let unmount = (): void => undefined

  /** Takes what was read out of the address, and out of the browser's history. */
  function cleanAddress(): void {
    history.replaceState(null, '', plainAddress(landing, base))
    // Signals of the address listen to this event, which replaceState does not send.
    window.dispatchEvent(new HashChangeEvent('hashchange'))
  }

  function show(): void {
    const user = session?.user.id ?? null
    const isAtLink = arrival.kind === 'token' || arrival.kind === 'half_confirmed'
    const wanted = isAtLink || session === null ? `sign-in ${user}` : isRecovering ? 'new-password' : user
    if (wanted === shown || wanted === null) return
    shown = wanted
    stopLoading()
    // Nothing of a user stays on the screen while the next page is loaded.
    unmount()
    // The client has ended the session by itself: the sign-in page says why.
    if (dashboard?.client.getState().reason === 'account-deleted')
      arrival = { kind: 'failed', code: 'account_deleted' }
    dashboard?.close()
    dashboard = null
    forgetOthers(user)
    if (isAtLink || session === null) showSignIn(user !== null)
    else if (isRecovering) showNewPassword(session)
    else {
      dashboard = createDashboard(supabase, session, config, claim)
      unmount = mount(<DashboardPage key={user} dashboard={dashboard} />, root)
      preload()
    }
  }

  function showSignIn(isSignedIn: boolean): void {
    stopLoading = signInModule.use(({ SignIn }) => {
      unmount = mount(
        <SignIn
          key={shown}
          auth={supabase.auth}
          arrival={arrival}
          demo={config.demo}
          returnTo={() => returnAddress(new URL(location.href), base, claim)}
          onLinkSpent={(outcome) => {
            cleanAddress()
            // With a session, the page stays to tell what came of the link.
            if (outcome === 'signed_in' || session === null) arrival = { kind: 'nothing' }
            show()
          }}
          goOn={isSignedIn ? leaveLink : null}
        />,
        root,
      )
    })
  }

  function preload(): void {
    const timer = setTimeout(() => signInModule.use(() => undefined), PRELOAD_AFTER)
    stopLoading = () => clearTimeout(timer)
  }

  function showNewPassword({ user }: Session): void {
    stopLoading = signInModule.use(({ NewPassword }) => {
      unmount = mount(<NewPassword auth={supabase.auth} email={user.email ?? ''} done={endRecovery} />, root)
    })
  }

  function endRecovery(): void {
    isRecovering = false
    show()
  }

  /** Shows the dashboard of the session that was there before the link. */
  function leaveLink(): void {
    arrival = { kind: 'nothing' }
    cleanAddress()
    show()
  }

  /** A session or code in the address is of Auth's own link. */
  async function takeSession(): Promise<void> {
    if (arrival.kind !== 'session' && arrival.kind !== 'code') return
    const taken = arrival
    cleanAddress()
    if (taken.kind === 'session') isRecovering = taken.isRecovery
    const { error } =
      taken.kind === 'session'
        ? await supabase.auth.setSession({
            access_token: taken.accessToken,
            refresh_token: taken.refreshToken,
          })
        : await supabase.auth.exchangeCodeForSession(taken.code)
    if (error !== null) isRecovering = false
    arrival = error === null ? { kind: 'nothing' } : { kind: 'failed', code: error.code ?? 'otp_expired' }
  }

  function follow(event: AuthChangeEvent, next: Session | null): void {
    const isOther = next?.user.id !== session?.user.id
    session = next
    if (event === 'PASSWORD_RECOVERY') isRecovering = true
    // Another tab has set the new password.
    if (event === 'USER_UPDATED' || next === null) isRecovering = false
    // A sign-in in another tab ends the page of a link as well. Events up to the first INITIAL_SESSION tell of the session
    // that this browser had before.
    if (isStarted && isOther && next !== null) arrival = { kind: 'nothing' }
    if (event === 'INITIAL_SESSION') isStarted = true
    show()
  }

  return {
    start() {
      if (arrival.kind === 'failed' || arrival.kind === 'nothing') {
        if (!isPlain(new URL(location.href))) cleanAddress()
      }
      void takeSession().then(() => {
        // The auth client calls its listener under a lock; the page needs that lock, so it is made in a later turn.
        supabase.auth.onAuthStateChange((event, next) => {
          setTimeout(() => follow(event, next), 0)
        })
      })
    },
  }
}
