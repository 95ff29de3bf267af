/** The dashboard's entry: reads the configuration, follows the session, and shows the page that fits. */

import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import '../toasts/toasts.css'
import '../status/status.css'
import { createClient, type Session } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { limitAuthRequests } from '../client/index.ts'
import { mount } from '../ui/mount.ts'
import { loadConfig } from './config.ts'
import { createDashboard, type Dashboard } from './dashboard.ts'
import { forgetOthers } from './kept-data.ts'
import { DashboardPage } from './page/dashboard-page.tsx'
import { NotConfigured } from './sign-in/not-configured.tsx'
import { SignIn } from './sign-in/sign-in.tsx'

async function start(root: HTMLElement): Promise<void> {
  const config = await loadConfig()
  const supabase = createClient<Database>(config.supabaseUrl, config.publishableKey, {
    global: { fetch: limitAuthRequests() },
  })
  let dashboard: Dashboard | null = null
  let shownUser: string | null | undefined

  function show(session: Session | null): void {
    const user = session?.user.id ?? null
    if (user === shownUser) return
    shownUser = user
    dashboard?.close()
    forgetOthers(user)
    dashboard = session === null ? null : createDashboard(supabase, session, config)
    const page =
      dashboard === null ? (
        <SignIn supabase={supabase} demo={config.demo} />
      ) : (
        <DashboardPage key={user} dashboard={dashboard} />
      )
    mount(page, root)
  }

  // The auth client calls its listener under a lock; the page needs that lock, so it is made in a later turn.
  supabase.auth.onAuthStateChange((_event, session) => {
    setTimeout(() => show(session), 0)
  })
}

const root = document.getElementById('app')
if (root !== null) start(root).catch(() => mount(<NotConfigured />, root))
