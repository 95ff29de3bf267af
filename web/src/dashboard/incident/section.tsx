/** A section of an incident's page: a heading with a count, an action, and a list. */

import './section.css'
import type { ComponentChildren } from 'preact'

export interface SectionProps {
  title: string
  /** Items of the list. */
  count: number
  /** Class of the list. Default `rows`. */
  list?: string
  /** Shown where there are no items. Without it, the section is not there then. */
  empty?: string
  /** Stands at the end of the heading's line. */
  action?: ComponentChildren
  /** The items. */
  children: ComponentChildren
}

export function Section({ title, count, list = 'rows', empty, action, children }: SectionProps) {
  if (count === 0 && empty === undefined) return null
  return (
    <section aria-label={title}>
      <div class="pane-head">
        <h2>{title}</h2>
        <span class="count">{count > 0 && count}</span>
        {action !== undefined && <div class="pane-head__action">{action}</div>}
      </div>
      {count > 0 ? <ul class={list}>{children}</ul> : <p class="section-empty">{empty}</p>}
    </section>
  )
}
