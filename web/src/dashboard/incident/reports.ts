/** Reports: asked for here or made by themselves, with progress, download, and what is missing where one failed. */

import { h, reconcile, setText } from '../../shared/dom.ts'
import { dateTime, fileSize, plural } from '../../shared/format.ts'
import { latestReport } from '../incidents.ts'
import type { Incident, Report } from '../records.ts'
import { extraIcon } from './extra-icons.ts'
import { JobStatusView, smallButton } from './parts.ts'
import { createSection } from './section.ts'

export interface Reports {
  element: HTMLElement
  update(incident: Incident, state: { retrying: ReadonlySet<string>; requesting: boolean }): void
}

export interface ReportActions {
  create(): void
  retry(jobId: string): void
  download(report: Report): void
}

export function createReports(actions: ReportActions): Reports {
  const create = smallButton('plus', 'Create report', actions.create)
  const section = createSection({
    title: 'Reports',
    action: create,
    empty: 'No report yet. One is made by itself when all photos and transcripts have ended.',
  })
  const updates = new WeakMap<HTMLElement, (report: Report, retrying: boolean) => void>()
  return {
    element: section.element,
    update(incident, { retrying, requesting }) {
      const status = latestReport(incident.reports)?.job?.status
      const underWay = status === 'queued' || status === 'processing'
      create.disabled = requesting || underWay
      create.classList.toggle('is-busy', requesting)
      create.title = underWay ? 'A report is being made' : ''
      section.count(incident.reports.length)
      const newestFirst = incident.reports.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
      reconcile(section.list, newestFirst, {
        key: ({ id }) => id,
        create: (report) => {
          const { element, update } = createRow(report, actions)
          updates.set(element, update)
          return element
        },
        update: (element, report) =>
          updates.get(element)?.(report, report.job !== null && retrying.has(report.job.id)),
      })
    },
  }
}

function createRow(first: Report, actions: ReportActions) {
  let shown = first
  const name = h('p', { class: 'row-item__name' })
  const facts = h('p', { class: 'row-item__facts' })
  const status = new JobStatusView(actions.retry)
  const download = smallButton('download', 'Download', () => actions.download(shown))
  const element = h(
    'li',
    { class: 'row-item', attrs: { 'data-report-id': first.id } },
    h(
      'div',
      { class: 'row-item__head' },
      h('span', { class: 'row-item__icon' }, extraIcon('file')),
      h('div', { class: 'row-item__titles' }, name, facts),
      status.pill,
      download,
    ),
    status.bar,
    status.failure,
  )
  return {
    element,
    update(report: Report, retrying: boolean): void {
      shown = report
      const title = report.fileName ?? 'Incident report'
      setText(name, title)
      name.title = title
      const doing = status.update(report.job, title, retrying)
      setText(facts, doing === '' ? factsOf(report) : doing)
      download.hidden = report.path === null
      download.setAttribute('aria-label', `Download ${title} of ${dateTime(report.createdAt)}`)
    },
  }
}

function factsOf({ createdAt, automatic, pageCount, fileSize: size }: Report): string {
  return [
    dateTime(createdAt),
    pageCount === null ? null : plural(pageCount, 'page'),
    size === null ? null : fileSize(size),
    automatic ? 'made automatically' : null,
  ]
    .filter((part) => part !== null)
    .join(' · ')
}
