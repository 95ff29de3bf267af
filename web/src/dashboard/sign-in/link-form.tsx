/** A link of a mail, before it is used. Mail scanners open links; they press no button. */

import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { SignInCard } from './sign-in-card.tsx'
import type { SignInStore } from './sign-in-store.ts'

export function LinkForm({ store, goOn }: { store: SignInStore; goOn: (() => void) | null }) {
  const { busy, error } = useStore(store)
  return (
    <SignInCard
      title="One more step"
      lead="Press the button and you are in. The link of your mail works once."
    >
      <div class="form">
        <p class="form-error" role="alert">
          {error}
        </p>
        <Button primary busy={busy === 'link'} disabled={busy !== null} onClick={() => void store.openLink()}>
          {busy === 'link' ? 'One moment…' : 'Continue'}
        </Button>
      </div>
      <p class="sign-in__other">
        {goOn === null ? (
          <button type="button" class="link-button" onClick={() => store.go('address')}>
            Use another way to sign in
          </button>
        ) : (
          <button type="button" class="link-button" onClick={goOn}>
            Stay signed in as you are
          </button>
        )}
      </p>
    </SignInCard>
  )
}
