/** The connection's details: a button over the indicator's label, and the card that it opens. */

import './status-card.css'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { placeBelow, showOnTop } from '../shared/place.ts'
import { present } from '../status/presentation.ts'
import type { CardStore } from './card-store.ts'
import { connectionFacts } from './facts.ts'

export interface StatusCardProps {
  store: CardStore
  /** The indicator's label, which the button lies over. */
  label: HTMLElement
  retryNow: () => void
}

export function StatusCard({ store, label, retryNow }: StatusCardProps) {
  const { isOpen, content } = store
  const anchor = useRef<HTMLSpanElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const card = useRef<HTMLDivElement>(null)
  // The round trip is among the facts.
  const shown = present({ ...content.client, latencyMs: null }, content.now)

  useLayoutEffect(() => anchor.current?.prepend(label), [label])
  useLayoutEffect(() => {
    if (!isOpen || card.current === null || anchor.current === null) return
    showOnTop(card.current)
    placeBelow(card.current, anchor.current)
  }, [isOpen])
  useEffect(() => {
    if (!isOpen) return
    const stop = new AbortController()
    document.addEventListener(
      'pointerdown',
      ({ target }) => {
        if (!(target instanceof Node)) return
        if (anchor.current?.contains(target) !== true && card.current?.contains(target) !== true)
          store.close()
      },
      { signal: stop.signal },
    )
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.preventDefault()
        if (card.current?.contains(document.activeElement) === true) button.current?.focus()
        store.close()
      },
      { signal: stop.signal },
    )
    return () => stop.abort()
  }, [store, isOpen])

  const hovering = {
    onPointerEnter: ({ pointerType }: PointerEvent) => store.hover(pointerType !== 'touch'),
    onPointerLeave: ({ pointerType }: PointerEvent) => {
      if (pointerType !== 'touch') store.hover(false)
    },
  }

  function onFocusOut({ relatedTarget }: FocusEvent): void {
    const stays =
      relatedTarget instanceof Node &&
      (relatedTarget === button.current || card.current?.contains(relatedTarget) === true)
    if (!stays) store.leave()
  }

  return (
    <>
      <span ref={anchor} class="cw-status__pill" {...hovering}>
        <button
          ref={button}
          type="button"
          class="cw-status__more"
          aria-label="Connection details"
          aria-expanded={isOpen}
          onClick={() => store.press()}
          onFocus={({ currentTarget }) => {
            if (currentTarget.matches(':focus-visible')) store.focus()
          }}
          onFocusOut={onFocusOut}
        />
      </span>
      {isOpen && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset groups the fields of a form
        <div
          ref={card}
          class="cw-status-card"
          role="group"
          aria-label="Connection"
          data-tone={shown.tone}
          onFocusOut={onFocusOut}
          {...hovering}
        >
          <p class="cw-status-card__title">{`${shown.symbol} ${shown.label}`}</p>
          <p class="cw-status-card__detail">{shown.detail}</p>
          <dl class="cw-status-card__facts">
            {connectionFacts(content.client, content).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {shown.canRetry && (
            <button type="button" class="cw-status__retry" onClick={retryNow}>
              Retry now
            </button>
          )}
        </div>
      )}
    </>
  )
}
