/** Grey bars in place of text that is being read. They take the room that the text will take. */

import './skeleton.css'

export function Skeleton({ kind }: { kind?: 'short' | 'title' | 'line' | 'block' | 'fill' }) {
  return <span class={kind === undefined ? 'skeleton' : `skeleton skeleton--${kind}`} />
}

/** In place of a row of a list. */
export function RowSkeleton() {
  return (
    <div class="row-skeleton" aria-hidden="true">
      <Skeleton />
      <Skeleton kind="short" />
    </div>
  )
}
