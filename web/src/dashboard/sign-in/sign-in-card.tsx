/** The card in the middle of a page without a session. */

import './sign-in.css'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Brand } from '../page/brand.tsx'

export interface SignInCardProps {
  title: string
  lead: ComponentChildren
  /** Focuses the title when the card takes the place of another: screen readers read on from there. */
  takesFocus?: boolean
  children: ComponentChildren
}

export function SignInCard({ title, lead, takesFocus = false, children }: SignInCardProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (takesFocus) heading.current?.focus()
  }, [takesFocus])
  return (
    <main class="sign-in">
      <div class="sign-in__card">
        <Brand class="sign-in__brand" />
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p class="sign-in__lead">{lead}</p>
        {children}
      </div>
    </main>
  )
}
