/** The sign-in page. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { h, setText } from '../shared/dom.ts'
import { brand } from './brand.ts'
import type { DashboardConfig } from './config.ts'

/** @returns the element; what follows a sign-in is up to whoever listens to the session. */
export function createSignIn(supabase: SupabaseClient<Database>, config: DashboardConfig): HTMLElement {
  const { demo } = config
  const error = h('p', { class: 'form-error', attrs: { role: 'alert' } })
  const email = h('input', {
    class: 'input',
    attrs: {
      id: 'email',
      name: 'email',
      type: 'email',
      autocomplete: 'username',
      required: true,
      placeholder: 'you@example.com',
    },
  })
  const password = h('input', {
    class: 'input',
    attrs: {
      id: 'password',
      name: 'password',
      type: 'password',
      autocomplete: 'current-password',
      required: true,
    },
  })
  const submit = h(
    'button',
    { class: demo === null ? 'button button--primary' : 'button', attrs: { type: 'submit' } },
    'Sign in',
  )
  const asDemo = h(
    'button',
    { class: 'button button--primary', attrs: { type: 'button' } },
    'Sign in as demo user',
  )
  const buttons = demo === null ? [submit] : [submit, asDemo]

  async function signIn(
    credentials: { email: string; password: string },
    button: HTMLButtonElement,
  ): Promise<void> {
    setText(error, '')
    for (const each of buttons) each.disabled = true
    button.classList.add('is-busy')
    const { error: failure } = await supabase.auth.signInWithPassword(credentials)
    for (const each of buttons) each.disabled = false
    button.classList.remove('is-busy')
    if (failure === null) return
    const wrong = failure.status === 400 || failure.status === 401
    setText(
      error,
      wrong ? 'Email or password is wrong.' : 'The server could not be reached. Try again in a moment.',
    )
    if (wrong) password.select()
  }

  const form = h(
    'form',
    {
      class: 'form',
      attrs: { novalidate: true },
      on: {
        submit: (event) => {
          event.preventDefault()
          if (!email.checkValidity() || !password.checkValidity()) {
            setText(error, 'Enter your email address and your password.')
            ;(email.checkValidity() ? password : email).focus()
            return
          }
          void signIn({ email: email.value, password: password.value }, submit)
        },
      },
    },
    h('div', { class: 'field' }, h('label', { attrs: { for: 'email' } }, 'Email'), email),
    h('div', { class: 'field' }, h('label', { attrs: { for: 'password' } }, 'Password'), password),
    error,
    submit,
  )

  if (demo !== null) {
    email.value = demo.email
    password.value = demo.password
    asDemo.addEventListener('click', () => void signIn(demo, asDemo))
  }

  return h(
    'main',
    { class: 'sign-in' },
    h(
      'div',
      { class: 'sign-in__card' },
      brand('sign-in__brand'),
      h('h1', {}, 'Sign in'),
      h('p', { class: 'sign-in__lead' }, 'Crash reports as they are processed, live.'),
      demo !== null && h('div', { class: 'sign-in__demo' }, asDemo, h('p', { class: 'rule' }, 'or')),
      form,
    ),
  )
}
