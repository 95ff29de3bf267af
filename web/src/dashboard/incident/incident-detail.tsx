/** The pane of the shown incident. What the first paint does without comes with the extras. */

import './incident-detail.css'
import { Icon } from '../../ui/icon.tsx'
import { useDashboard } from '../dashboard-context.ts'
import { ICONS } from '../icons.ts'
import type { Incident } from '../records.ts'
import { Answers } from './answers.tsx'
import { FailedBar } from './failed-bar.tsx'
import { IncidentHead } from './incident-head.tsx'
import { Notice } from './notice.tsx'
import { Photos } from './photos.tsx'
import { SectionsSkeleton } from './sections-skeleton.tsx'
import type { LoadedExtras } from './use-extras.ts'

export function IncidentDetail({ extras }: { extras: LoadedExtras | null }) {
  const { shown } = useDashboard()
  const incident = shown.value
  return (
    <main class="detail" id="main">
      {incident === null ? <Notice /> : <Content incident={incident} extras={extras} />}
    </main>
  )
}

function Content({ incident, extras }: { incident: Incident; extras: LoadedExtras | null }) {
  return (
    <article class="detail__content">
      <a class="back" href="#/">
        <Icon paths={ICONS.arrowLeft} />
        Incidents
      </a>
      <IncidentHead incident={incident}>
        {extras !== null && <extras.parts.People extras={extras.state} />}
        {extras !== null && <extras.parts.FollowButtons incidentId={incident.id} />}
      </IncidentHead>
      <div class="case-bar">
        {extras !== null && <extras.parts.CaseBar extras={extras.state} incident={incident} />}
      </div>
      <div class="uploads">
        {extras !== null && (
          <extras.parts.WritersOnly extras={extras.state}>
            <extras.parts.UploadSection queue={extras.state.uploads.queue} incident={incident} />
          </extras.parts.WritersOnly>
        )}
      </div>
      <FailedBar incident={incident} />
      <Photos incident={incident} />
      {extras === null ? (
        <SectionsSkeleton />
      ) : (
        <extras.parts.Sections extras={extras.state} incident={incident} />
      )}
      <Answers incident={incident} />
    </article>
  )
}
