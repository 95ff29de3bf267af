/** A new address needs two confirmations: the first is done. */

import { Button } from '../../ui/button.tsx'
import { SignInCard } from './sign-in-card.tsx'
import type { SignInStore } from './sign-in-store.ts'

export function HalfConfirmed({ store, goOn }: { store: SignInStore; goOn: (() => void) | null }) {
  return (
    <SignInCard
      title="Half done"
      lead="This address is confirmed. Now open the link in the mail to your other address. Until then, your old address counts."
      takesFocus
    >
      <Button primary onClick={goOn ?? (() => store.go('address'))}>
        {goOn === null ? 'Sign in' : 'Go to your claims'}
      </Button>
    </SignInCard>
  )
}
