/** The page of a signed-in user: top bar, list, incident, and what stands beside the incident. */

import './dashboard-page.css'
import { isNarrow } from '../../ui/surroundings.ts'
import { useLazy } from '../../ui/use-lazy.ts'
import { accountModule } from '../account/account-module.ts'
import type { Dashboard } from '../dashboard.ts'
import { DashboardContext } from '../dashboard-context.ts'
import { IncidentDetail } from '../incident/incident-detail.tsx'
import { useExtras } from '../incident/use-extras.ts'
import { IncidentList } from '../list/incident-list.tsx'
import { Banner } from './banner.tsx'
import { SidePane } from './side-pane.tsx'
import { TopBar } from './top-bar.tsx'

export function DashboardPage({ dashboard }: { dashboard: Dashboard }) {
  const { pane, shown } = dashboard
  const extras = useExtras(dashboard)
  const account = useLazy(accountModule)
  const isListMain = isNarrow.value && pane.value === 'list'

  function skipToContent(event: Event): void {
    event.preventDefault()
    document.querySelector<HTMLElement>(`${isListMain ? '.sidebar' : '.detail'} [tabindex]`)?.focus()
  }

  return (
    <DashboardContext.Provider value={dashboard}>
      <div class="app" data-view={pane.value}>
        {/* biome-ignore lint/a11y/useValidAnchor: the address names the incident, so the focus moves without it */}
        <a class="skip-link" href="#main" onClick={skipToContent}>
          Skip to content
        </a>
        <TopBar />
        <Banner />
        {account !== null && <account.WaitingClaims />}
        <div class="panes">
          <IncidentList isMain={isListMain} />
          <IncidentDetail extras={extras} />
          <SidePane extras={extras} hidden={shown.value === null} />
        </div>
        {extras !== null && <extras.parts.LinkedPhoto extras={extras.state} />}
      </div>
    </DashboardContext.Provider>
  )
}
