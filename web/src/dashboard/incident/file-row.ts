/** A line for a file of an incident: its name, facts or what is being done with it, its state, and a download. */

import { h, setText } from '../../shared/dom.ts'
import type { Job } from '../records.ts'
import { JobStatusView } from './parts.ts'

export interface FileRowOptions {
  icon: SVGSVGElement
  /** Of the line. */
  attrs: Readonly<Record<string, string | number>>
  download: HTMLButtonElement
  retry(jobId: string): void
  /** Under it all. */
  more?: HTMLElement
}

export interface FileRowData {
  job: Job | null
  title: string
  /** Shown when the pointer rests on the title. */
  tooltip: string
  /** Those that are null are left out. */
  facts: readonly (string | null)[]
  /** Whether there is something to be downloaded. */
  isThere: boolean
}

export interface FileRow {
  element: HTMLElement
  status: JobStatusView
  update(data: FileRowData, retrying: boolean): void
}

export function createFileRow({ icon, attrs, download, retry, more }: FileRowOptions): FileRow {
  const name = h('p', { class: 'row-item__name' })
  const facts = h('p', { class: 'row-item__facts' })
  const status = new JobStatusView(retry)
  const element = h(
    'li',
    { class: 'row-item', attrs },
    h(
      'div',
      { class: 'row-item__head' },
      h('span', { class: 'row-item__icon' }, icon),
      h('div', { class: 'row-item__titles' }, name, facts),
      status.pill,
      download,
    ),
    status.bar,
    status.failure,
    more,
  )
  return {
    element,
    status,
    update({ job, title, tooltip, facts: known, isThere }, retrying) {
      setText(name, title)
      name.title = tooltip
      const doing = status.update(job, title, retrying)
      setText(facts, doing === '' ? known.filter((part) => part !== null).join(' · ') : doing)
      download.hidden = !isThere
      download.setAttribute('aria-label', `Download ${title}`)
    },
  }
}
