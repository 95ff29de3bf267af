/** The reports of an incident, and a button that requests another one. */

import { Button } from '../../ui/button.tsx'
import { latestReport } from '../incidents.ts'
import { WritersOnly } from '../people/writers-only.tsx'
import type { Incident } from '../records.ts'
import type { Extras } from './create-extras.ts'
import { EXTRA_ICONS } from './extra-icons.ts'
import { openJob } from './job-status.ts'
import { missingFieldsOf } from './missing-fields.ts'
import { ReportRow } from './report-row.tsx'
import { Section } from './section.tsx'

const EMPTY = 'No report yet. One is made by itself when all photos and transcripts have ended.'

export function Reports({ incident, extras }: { incident: Incident; extras: Extras }) {
  const { reports, complete } = incident
  const isUnderWay = openJob(latestReport(reports)?.job ?? null) !== null
  const isRequesting = extras.isRequesting.value
  const newestFirst = reports.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  const create = (
    <Button
      small
      icon={EXTRA_ICONS.plus}
      busy={isRequesting}
      disabled={isRequesting || isUnderWay}
      title={isUnderWay ? 'A report is being made' : ''}
      onClick={extras.requestReport}
    >
      <span>Create report</span>
    </Button>
  )
  return (
    <Section
      title="Reports"
      count={reports.length}
      action={<WritersOnly extras={extras}>{create}</WritersOnly>}
      empty={EMPTY}
    >
      {newestFirst.map((report, index) => (
        <ReportRow
          key={report.id}
          report={report}
          missing={complete ? missingFieldsOf(report, incident) : []}
          isNewest={index === 0}
          extras={extras}
        />
      ))}
    </Section>
  )
}
