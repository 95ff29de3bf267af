/** One field, one button: where to send the link and the code. Also for a forgotten password. */

import { useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import type { DashboardConfig } from '../config.ts'
import { SignInCard } from './sign-in-card.tsx'
import type { SignInStore } from './sign-in-store.ts'

export interface AddressFormProps {
  store: SignInStore
  demo: DashboardConfig['demo']
  goOn: (() => void) | null
}

export function AddressForm({ store, demo, goOn }: AddressFormProps) {
  const field = useRef<HTMLInputElement>(null)
  const { step, email, busy, error } = useStore(store)
  const isForgotten = step === 'forgot'

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    await store.sendMail(field.current?.value ?? '')
    if (store.state.error !== '') field.current?.focus()
  }

  function leave(next: 'password' | 'address'): void {
    store.keepAddress(field.current?.value ?? '')
    store.go(next)
  }

  return (
    <SignInCard
      title={isForgotten ? 'Set a new password' : 'Sign in'}
      lead={
        isForgotten
          ? 'We send you a mail. With the link or the code in it you choose a new password.'
          : 'We send you a mail with a link and a code. You need no password.'
      }
      takesFocus={isForgotten}
    >
      {demo !== null && !isForgotten && (
        <div class="sign-in__demo">
          <Button
            primary
            busy={busy === 'demo'}
            disabled={busy !== null}
            onClick={() => void store.enterPassword(demo.email, demo.password, 'demo')}
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
            ref={field}
            class="input"
            id="email"
            name="email"
            type="email"
            inputMode="email"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxLength={320}
            aria-describedby="sign-in-error"
            placeholder="you@example.com"
            defaultValue={email}
          />
        </div>
        <p class="form-error" id="sign-in-error" role="alert">
          {error}
        </p>
        <Button
          type="submit"
          primary={demo === null || isForgotten}
          busy={busy === 'mail'}
          disabled={busy !== null}
        >
          {busy === 'mail' ? 'Sending…' : 'Continue'}
        </Button>
      </form>
      <p class="sign-in__other">
        {isForgotten ? (
          <button type="button" class="link-button" onClick={() => leave('address')}>
            Back to sign-in
          </button>
        ) : (
          <button type="button" class="link-button" onClick={() => leave('password')}>
            Use a password
          </button>
        )}
        {goOn !== null && (
          <button type="button" class="link-button" onClick={goOn}>
            You are signed in: go to your claims
          </button>
        )}
      </p>
    </SignInCard>
  )
}
