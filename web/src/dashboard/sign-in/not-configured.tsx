/** The page where `config.json` could not be read. */

import { Button } from '../../ui/button.tsx'
import { SignInCard } from './sign-in-card.tsx'

export function NotConfigured() {
  return (
    <SignInCard title="Not configured" lead="The address of the backend could not be read from config.json.">
      <Button primary onClick={() => location.reload()}>
        Try again
      </Button>
    </SignInCard>
  )
}
