/** The card in the middle of a page without a session. */

import './sign-in.css'
import type { ComponentChildren } from 'preact'
import { Brand } from '../page/brand.tsx'

export function SignInCard({
  title,
  lead,
  children,
}: {
  title: string
  lead: string
  children: ComponentChildren
}) {
  return (
    <main class="sign-in">
      <div class="sign-in__card">
        <Brand class="sign-in__brand" />
        <h1>{title}</h1>
        <p class="sign-in__lead">{lead}</p>
        {children}
      </div>
    </main>
  )
}
