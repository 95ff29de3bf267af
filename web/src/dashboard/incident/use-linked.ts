/** Scrolls to a document, report or transcription that the address names, and lights it up. */

import './linked.css'
import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { hash } from '../../ui/surroundings.ts'
import { itemOf, type LinkedKind } from '../route.ts'

export interface Linked<Element> {
  ref: RefObject<Element | null>
  /** The class that lights the element up, or none. */
  class: string
}

/** @param ids what the component shows, by kind. */
export function useLinked<Element extends HTMLElement>(
  ids: Partial<Record<LinkedKind, string | null | undefined>>,
): Linked<Element> {
  const ref = useRef<Element>(null)
  const item = itemOf(hash.value)
  const isLinked = item !== null && ids[item.kind] === item.id
  useEffect(() => {
    if (isLinked) ref.current?.scrollIntoView({ block: 'center' })
  }, [isLinked])
  return { ref, class: isLinked ? 'is-linked' : '' }
}
