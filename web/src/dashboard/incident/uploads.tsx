/** Adding files to the incident, and the uploads under way. */

import '../uploads/uploads.css'
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks'
import type { Incident } from '../records.ts'
import type { Extras } from './create-extras.ts'

export function Uploads({ incident, extras: { uploads } }: { incident: Incident; extras: Extras }) {
  const place = useRef<HTMLDivElement>(null)
  const [, draw] = useReducer<number, void>((times) => times + 1, 0)
  useLayoutEffect(() => {
    place.current?.replaceChildren(uploads.element)
    return uploads.subscribe(() => draw())
  }, [uploads])
  useLayoutEffect(() => uploads.update(incident))
  return <div ref={place} />
}
