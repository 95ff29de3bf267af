/** Signing in with a password, for those who have set one. */

import { useEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { SignInCard } from './sign-in-card.tsx'
import type { SignInStore } from './sign-in-store.ts'

export function PasswordForm({ store }: { store: SignInStore }) {
  const email = useRef<HTMLInputElement>(null)
  const password = useRef<HTMLInputElement>(null)
  const state = useStore(store)

  useEffect(() => (email.current?.value === '' ? email : password).current?.focus(), [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    await store.enterPassword(email.current?.value ?? '', password.current?.value ?? '')
    if (store.state.error !== '') (email.current?.value === '' ? email : password).current?.select()
  }

  function leave(step: 'address' | 'forgot'): void {
    store.keepAddress(email.current?.value ?? '')
    store.go(step)
  }

  return (
    <SignInCard title="Sign in" lead="With the password of your account.">
      <form class="form" noValidate onSubmit={submit}>
        <div class="field">
          <label for="email">Email</label>
          <input
            ref={email}
            class="input"
            id="email"
            name="email"
            type="email"
            inputMode="email"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxLength={320}
            placeholder="you@example.com"
            defaultValue={state.email}
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
            maxLength={200}
            aria-describedby="sign-in-error"
          />
        </div>
        <p class="form-error" id="sign-in-error" role="alert">
          {state.error}
        </p>
        <Button type="submit" primary busy={state.busy === 'password'} disabled={state.busy !== null}>
          {state.busy === 'password' ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
      <p class="sign-in__other">
        <button type="button" class="link-button" onClick={() => leave('forgot')}>
          Forgot password
        </button>
        <button type="button" class="link-button" onClick={() => leave('address')}>
          Use a link or code by mail
        </button>
      </p>
    </SignInCard>
  )
}
