/** The sign-in page. The listener to the session in `main.tsx` shows what follows a sign-in. */

import { useMemo } from 'preact/hooks'
import { useStore } from '../../ui/use-store.ts'
import type { DashboardConfig } from '../config.ts'
import { AddressForm } from './address-form.tsx'
import { CodeForm } from './code-form.tsx'
import { HalfConfirmed } from './half-confirmed.tsx'
import { LinkForm } from './link-form.tsx'
import { PasswordForm } from './password-form.tsx'
import { type SignInOptions, SignInStore } from './sign-in-store.ts'

export interface SignInProps extends Omit<SignInOptions, 'clock'> {
  demo: DashboardConfig['demo']
  /** Leads a user who is signed in already past the page; null without a session. */
  goOn: (() => void) | null
}

export function SignIn({ demo, goOn, ...options }: SignInProps) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the page that made the options stays the same.
  const store = useMemo(() => new SignInStore(options), [])
  const { step } = useStore(store)
  switch (step) {
    case 'address':
    case 'forgot':
      return <AddressForm store={store} demo={demo} goOn={goOn} />
    case 'code':
      return <CodeForm store={store} />
    case 'password':
      return <PasswordForm store={store} />
    case 'link':
      return <LinkForm store={store} goOn={goOn} />
    case 'half_confirmed':
      return <HalfConfirmed store={store} goOn={goOn} />
  }
}
