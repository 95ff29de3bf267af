/** The sign-in page. The listener to the session in `main.tsx` shows what follows a sign-in. */

import { useSignal } from '@preact/signals'
import type { SupabaseClient } from '@supabase/supabase-js'
import { useRef } from 'preact/hooks'
import type { Database } from '../../../../functions-shared/database.types.ts'
import { Button } from '../../ui/button.tsx'
import type { DashboardConfig } from '../config.ts'
import { SignInCard } from './sign-in-card.tsx'

export interface SignInProps {
  supabase: SupabaseClient<Database>
  demo: DashboardConfig['demo']
}

type Way = 'password' | 'demo'

export function SignIn({ supabase, demo }: SignInProps) {
  const email = useRef<HTMLInputElement>(null)
  const password = useRef<HTMLInputElement>(null)
  const error = useSignal('')
  /** How the user is being signed in right now. */
  const busy = useSignal<Way | null>(null)

  async function signIn(way: Way, credentials: { email: string; password: string }): Promise<void> {
    error.value = ''
    busy.value = way
    const { error: failure } = await supabase.auth.signInWithPassword(credentials)
    busy.value = null
    if (failure === null) return
    const isWrong = failure.status === 400 || failure.status === 401
    error.value = isWrong
      ? 'Email or password is wrong.'
      : 'The server could not be reached. Try again in a moment.'
    if (isWrong) password.current?.select()
  }

  function submit(event: Event): void {
    event.preventDefault()
    const invalid = [email, password].find(({ current }) => current?.checkValidity() !== true)
    if (invalid === undefined) {
      void signIn('password', { email: email.current?.value ?? '', password: password.current?.value ?? '' })
      return
    }
    error.value = 'Enter your email address and your password.'
    invalid.current?.focus()
  }

  return (
    <SignInCard title="Sign in" lead="Crash reports as they are processed, live.">
      {demo !== null && (
        <div class="sign-in__demo">
          <Button
            primary
            busy={busy.value === 'demo'}
            disabled={busy.value !== null}
            onClick={() => void signIn('demo', demo)}
          >
            Sign in as demo user
          </Button>
          <p class="rule">or</p>
        </div>
      )}
      <form class="form" noValidate onSubmit={submit}>
        <div class="field">
          <label for="email">Email</label>
          <input
            ref={email}
            class="input"
            id="email"
            name="email"
            type="email"
            autocomplete="username"
            required
            placeholder="you@example.com"
            defaultValue={demo?.email ?? ''}
          />
        </div>
        <div class="field">
          <label for="password">Password</label>
          <input
            ref={password}
            class="input"
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            defaultValue={demo?.password ?? ''}
          />
        </div>
        <p class="form-error" role="alert">
          {error}
        </p>
        <Button
          type="submit"
          primary={demo === null}
          busy={busy.value === 'password'}
          disabled={busy.value !== null}
        >
          Sign in
        </Button>
      </form>
    </SignInCard>
  )
}
