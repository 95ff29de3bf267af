/** One report: its progress, a download, and a form for what the newest report lacks. */

import './row-item.css'
import { dateTime, fileSize, plural } from '../../shared/format.ts'
import { missingFields } from '../../shared/missing-fields.ts'
import { Button } from '../../ui/button.tsx'
import type { Report } from '../records.ts'
import type { Extras } from './create-extras.ts'
import { EXTRA_ICONS } from './extra-icons.ts'
import { JobBar } from './job-bar.tsx'
import { JobFailure } from './job-failure.tsx'
import type { MissingField } from './missing-fields.ts'
import { MissingForm } from './missing-form.tsx'
import { RowHead } from './row-head.tsx'
import { useLinked } from './use-linked.ts'

export interface ReportRowProps {
  report: Report
  /** What the report was refused for and the incident still lacks. */
  missing: readonly MissingField[]
  /** Only the newest report asks for what it lacks. */
  isNewest: boolean
  extras: Extras
}

export function ReportRow({ report, missing, isNewest, extras }: ReportRowProps) {
  const { id, job, path, fileName, createdAt } = report
  const title = `Report of ${dateTime(createdAt)}`
  const linked = useLinked<HTMLLIElement>({ reports: id })
  const isCompleted = missing.length === 0 && missingFields(job?.error ?? null).length > 0
  const asked = isNewest ? missing : []
  return (
    <li ref={linked.ref} class={`row-item ${linked.class}`} data-report-id={id} tabIndex={-1}>
      <RowHead
        icon={EXTRA_ICONS.file}
        title={title}
        tooltip={fileName ?? ''}
        job={job}
        facts={factsOf(report)}
      >
        {path !== null && (
          <Button
            small
            icon={EXTRA_ICONS.download}
            aria-label={`Download ${title}`}
            onClick={() => extras.downloadReport(report)}
          >
            <span>Download</span>
          </Button>
        )}
      </RowHead>
      <JobBar job={job} title={title} line />
      <JobFailure
        job={job}
        title={title}
        reason={isCompleted ? 'What was missing has been added: it can be made now.' : null}
        canRetry={asked.length === 0}
      />
      {asked.length > 0 && (
        <MissingForm
          id={`missing-${id}`}
          missing={asked}
          save={(completion) => extras.completeReport(report, completion)}
          saved={() => linked.ref.current?.focus()}
        />
      )}
    </li>
  )
}

function factsOf({ automatic, pageCount, fileSize: size }: Report): (string | null)[] {
  return [
    pageCount === null ? null : plural(pageCount, 'page'),
    size === null ? null : fileSize(size),
    automatic ? 'automatic' : null,
  ]
}
