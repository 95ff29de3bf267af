/** "Look into your mail": the link in it works in any tab or on any device, the code works here. */

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { SignInCard } from './sign-in-card.tsx'
import type { SignInStore } from './sign-in-store.ts'

/** Digits of a code of Auth: six, and up to ten where a project asks for more. */
const WHOLE_CODE = /^\D*(?:\d\D*){6,10}$/

export function CodeForm({ store }: { store: SignInStore }) {
  const field = useRef<HTMLInputElement>(null)
  const lengthBefore = useRef(0)
  const { email, busy, error, notice, nextMailAt } = useStore(store)
  const wait = useCountdown(nextMailAt)

  useEffect(() => field.current?.focus(), [])

  async function use(): Promise<void> {
    await store.enterCode(field.current?.value ?? '')
    if (store.state.error !== '') field.current?.select()
  }

  /** A code that arrives at once was pasted, or filled in by the phone: it is whole. */
  function typed({ currentTarget }: { currentTarget: HTMLInputElement }): void {
    const { value } = currentTarget
    if (value.length - lengthBefore.current >= 6 && WHOLE_CODE.test(value)) void use()
    lengthBefore.current = value.length
  }

  function submit(event: Event): void {
    event.preventDefault()
    void use()
  }

  return (
    <SignInCard
      title="Look into your mail"
      lead={
        <>
          If <b class="sign-in__address">{email}</b> has an account here, a mail is on its way. Open the link
          in it, on any device, or type the code here.
        </>
      }
    >
      <form class="form" noValidate onSubmit={submit}>
        <div class="field">
          <label for="code">Code</label>
          <input
            ref={field}
            class="input input--code"
            id="code"
            name="code"
            inputMode="numeric"
            autocomplete="one-time-code"
            maxLength={24}
            aria-describedby="code-error"
            placeholder="123456"
            onInput={typed}
          />
        </div>
        <p class="form-error" id="code-error" role="alert">
          {error}
        </p>
        <Button type="submit" primary busy={busy === 'code'} disabled={busy !== null}>
          {busy === 'code' ? 'Checking…' : 'Continue'}
        </Button>
      </form>
      <p class="sign-in__notice" role="status">
        {notice}
      </p>
      <p class="sign-in__other">
        <button
          type="button"
          class="link-button"
          disabled={wait > 0 || busy !== null}
          onClick={() => void store.sendMail(email)}
        >
          {wait > 0 ? `Send another mail in ${wait} s` : 'Send another mail'}
        </button>
        <button type="button" class="link-button" onClick={() => store.go('address')}>
          Use another address
        </button>
      </p>
      <p class="sign-in__hint">Nothing there after a minute? Look into the spam folder, too.</p>
    </SignInCard>
  )
}

/** Whole seconds until a moment; 0 when it has come. */
function useCountdown(until: number): number {
  const left = useSignal(secondsTo(until))
  useEffect(() => {
    left.value = secondsTo(until)
    const timer = setInterval(() => {
      left.value = secondsTo(until)
      if (left.value === 0) clearInterval(timer)
    }, 1000)
    return () => clearInterval(timer)
  }, [until, left])
  return left.value
}

function secondsTo(until: number): number {
  return Math.max(0, Math.ceil((until - Date.now()) / 1000))
}
