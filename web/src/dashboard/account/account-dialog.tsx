/** The user's account: address, password, and where they are signed in. */

import './account-dialog.css'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { returnAddress } from '../sign-in/landing.ts'
import { type AccountState, AccountStore } from './account-store.ts'

export function AccountDialog({ onClose }: { onClose: () => void }) {
  const { supabase, email, signOut } = useDashboard()
  const dialog = useRef<HTMLDialogElement>(null)
  const store = useMemo(() => new AccountStore(supabase.auth), [supabase])
  const state = useStore(store)

  useEffect(() => dialog.current?.showModal(), [])

  async function changeAddress(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = formOf(event)
    const returnTo = returnAddress(new URL(location.href), import.meta.env.BASE_URL, null)
    if (await store.changeAddress(textOf(form, 'email'), returnTo)) form.reset()
  }

  async function changePassword(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = formOf(event)
    await store.changePassword(textOf(form, 'password'), textOf(form, 'code'))
    if (!store.state.needsCode && store.state.error === '') form.reset()
  }

  return (
    <dialog ref={dialog} class="account" aria-labelledby="account-title" onClose={onClose}>
      <div class="account__head">
        <h1 id="account-title">Your account</h1>
        <Button small onClick={() => dialog.current?.close()}>
          Close
        </Button>
      </div>
      <p class="account__email">{email ?? 'Signed in'}</p>

      <form class="account__part" noValidate onSubmit={(event) => void changeAddress(event)}>
        <h2>Change your email address</h2>
        <div class="field">
          <label for="account-address">New email address</label>
          <input
            class="input"
            id="account-address"
            name="email"
            type="email"
            inputMode="email"
            autocomplete="email"
            autocapitalize="none"
            spellcheck={false}
            maxLength={320}
          />
        </div>
        <Words state={state} about="address" />
        <Button type="submit" busy={state.busy === 'address'} disabled={state.busy !== null}>
          Change address
        </Button>
      </form>

      <form class="account__part" noValidate onSubmit={(event) => void changePassword(event)}>
        <h2>Set or change your password</h2>
        <p class="account__hint">You need none: a link or code by mail always works.</p>
        <input type="text" name="username" autocomplete="username" value={email ?? ''} readOnly hidden />
        <div class="field">
          <label for="account-password">New password</label>
          <input
            class="input"
            id="account-password"
            name="password"
            type="password"
            autocomplete="new-password"
            maxLength={72}
          />
        </div>
        {state.needsCode && (
          <div class="field">
            <label for="account-code">Code of the mail</label>
            <input
              class="input"
              id="account-code"
              name="code"
              inputMode="numeric"
              autocomplete="one-time-code"
              maxLength={24}
            />
          </div>
        )}
        <Words state={state} about="password" />
        <Button type="submit" busy={state.busy === 'password'} disabled={state.busy !== null}>
          Save password
        </Button>
      </form>

      <div class="account__part">
        <h2>Where you are signed in</h2>
        <Words state={state} about="others" />
        <div class="account__buttons">
          <Button disabled={state.busy !== null} onClick={() => void store.signOutOthers()}>
            Sign out other devices
          </Button>
          <Button disabled={state.busy !== null} onClick={() => signOut('global')}>
            Sign out everywhere
          </Button>
        </div>
      </div>
    </dialog>
  )
}

function Words({ state, about }: { state: AccountState; about: AccountState['about'] }) {
  const isHere = state.about === about
  return (
    <>
      <p class="form-error" role="alert">
        {isHere ? state.error : ''}
      </p>
      <p class="account__notice" role="status">
        {isHere ? state.notice : ''}
      </p>
    </>
  )
}

function formOf(event: SubmitEvent): HTMLFormElement {
  const { currentTarget } = event
  if (!(currentTarget instanceof HTMLFormElement)) throw new TypeError('a submit event has no form')
  return currentTarget
}

function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value : ''
}
