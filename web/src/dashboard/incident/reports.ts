/** Reports: asked for here or made by themselves, with progress, download, and what is missing where one failed. */

import { reconcile } from '../../shared/dom.ts'
import { dateTime, fileSize, plural } from '../../shared/format.ts'
import { missingFields } from '../../shared/missing-fields.ts'
import { latestReport } from '../incidents.ts'
import type { Incident, Report } from '../records.ts'
import { extraIcon } from './extra-icons.ts'
import { createFileRow } from './file-row.ts'
import { type Completion, createMissingForm, type Lacking, lackingOf } from './missing-form.ts'
import { smallButton } from './parts.ts'
import { createSection } from './section.ts'

export interface Reports {
  element: HTMLElement
  update(incident: Incident, state: { retrying: ReadonlySet<string>; requesting: boolean }): void
}

export interface ReportActions {
  create(): void
  retry(jobId: string): void
  download(report: Report): void
  /** Supplies what the report lacks, and has it made again. @returns what went wrong, for people; null for nothing. */
  complete(report: Report, completion: Completion): Promise<string | null>
}

export function createReports(actions: ReportActions): Reports {
  const create = smallButton('plus', 'Create report', actions.create)
  const section = createSection({
    title: 'Reports',
    action: create,
    empty: 'No report yet. One is made by itself when all photos and transcripts have ended.',
  })
  const updates = new WeakMap<HTMLElement, ReturnType<typeof createRow>['update']>()
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
          updates.get(element)?.(
            report,
            report.job !== null && retrying.has(report.job.id),
            incident.complete ? lackingOf(report, incident) : [],
            report === newestFirst[0],
          ),
      })
    },
  }
}

function createRow(first: Report, actions: ReportActions) {
  let shown = first
  const form = createMissingForm(
    `missing-${first.id}`,
    (completion) => actions.complete(shown, completion),
    () => row.element.focus(),
  )
  const row = createFileRow({
    icon: extraIcon('file'),
    attrs: { 'data-report-id': first.id, tabindex: -1 },
    download: smallButton('download', 'Download', () => actions.download(shown)),
    retry: actions.retry,
    more: form.element,
  })
  return {
    element: row.element,
    /** @param isNewest an older report is of no use any more: nothing is asked for. */
    update(report: Report, retrying: boolean, lacking: readonly Lacking[], isNewest: boolean): void {
      shown = report
      const { job, path, fileName, createdAt } = report
      const title = `Report of ${dateTime(createdAt)}`
      row.update(
        { job, title, tooltip: fileName ?? '', facts: factsOf(report), isThere: path !== null },
        retrying,
      )
      const asked = isNewest ? lacking : []
      form.update(asked)
      const isComplete = missingFields(job?.error ?? null).length > 0 && lacking.length === 0
      row.status.explain(
        isComplete ? 'What was missing has been added: it can be made now.' : null,
        asked.length === 0,
      )
    },
  }
}

function factsOf({ automatic, pageCount, fileSize: size }: Report): (string | null)[] {
  return [
    pageCount === null ? null : plural(pageCount, 'page'),
    size === null ? null : fileSize(size),
    automatic ? 'automatic' : null,
  ]
}
