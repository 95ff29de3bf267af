/** The dashboard's entry: configuration, session, and the page that fits. */

import '@fontsource-variable/inter/wght.css'
import './styles/index.css'
import { createClient, type Session } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { limitAuthRequests } from '../client/index.ts'
import { h } from '../shared/dom.ts'
import { brand } from './brand.ts'
import { loadConfig } from './config.ts'
import { createDashboard, type Dashboard } from './dashboard.ts'
import { forgetOthers } from './kept-data.ts'
import { createSignIn } from './sign-in.ts'

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
    root.replaceChildren(dashboard?.element ?? createSignIn(supabase, config))
  }

  // Called under the auth client's lock, so the page that uses the client is built in a later turn.
  supabase.auth.onAuthStateChange((_event, session) => {
    setTimeout(() => show(session), 0)
  })
}

function showFailure(root: HTMLElement): void {
  root.replaceChildren(
    h(
      'main',
      { class: 'sign-in' },
      h(
        'div',
        { class: 'sign-in__card' },
        brand('sign-in__brand'),
        h('h1', {}, 'Not configured'),
        h('p', { class: 'sign-in__lead' }, 'The address of the backend could not be read from config.json.'),
        h(
          'button',
          {
            class: 'button button--primary',
            attrs: { type: 'button' },
            on: { click: () => location.reload() },
          },
          'Try again',
        ),
      ),
    ),
  )
}

const root = document.getElementById('app')
if (root !== null) start(root).catch(() => showFailure(root))
