/** After the link or code for a forgotten password: a new one. */

import { useSignal } from '@preact/signals'
import type { SupabaseClient } from '@supabase/supabase-js'
import { useEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { authWords } from './auth-words.ts'
import { SignInCard } from './sign-in-card.tsx'

export interface NewPasswordProps {
  auth: Pick<SupabaseClient['auth'], 'updateUser'>
  email: string
  done: () => void
}

export function NewPassword({ auth, email, done }: NewPasswordProps) {
  const field = useRef<HTMLInputElement>(null)
  const error = useSignal('')
  const isBusy = useSignal(false)

  useEffect(() => field.current?.focus(), [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const password = field.current?.value ?? ''
    if (password.length < 8) {
      error.value = 'Take at least 8 characters.'
      field.current?.focus()
      return
    }
    error.value = ''
    isBusy.value = true
    const { error: failure } = await auth.updateUser({ password })
    isBusy.value = false
    if (failure === null) done()
    else error.value = authWords(failure)
  }

  return (
    <SignInCard title="Set a new password" lead="You are signed in. Choose the password for the next time.">
      <form class="form" noValidate onSubmit={submit}>
        <input type="text" name="username" autocomplete="username" value={email} readOnly hidden />
        <div class="field">
          <label for="new-password">New password</label>
          <input
            ref={field}
            class="input"
            id="new-password"
            type="password"
            autocomplete="new-password"
            maxLength={72}
            aria-describedby="new-password-error"
          />
        </div>
        <p class="form-error" id="new-password-error" role="alert">
          {error}
        </p>
        <Button type="submit" primary busy={isBusy.value} disabled={isBusy.value}>
          {isBusy.value ? 'Saving…' : 'Save'}
        </Button>
      </form>
      <p class="sign-in__other">
        <button type="button" class="link-button" onClick={done}>
          Not now
        </button>
      </p>
    </SignInCard>
  )
}
