/** The dashboard's entry: reads configuration and address, follows the session, and shows the page that fits. */

import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import '../toasts/toasts.css'
import '../status/status.css'
import { createClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { limitAuthRequests } from '../client/index.ts'
import { mount } from '../ui/mount.ts'
import { loadConfig } from './config.ts'
import { createPages } from './pages.tsx'
import { readLanding } from './sign-in/landing.ts'
import { NotConfigured } from './sign-in/not-configured.tsx'

async function start(root: HTMLElement): Promise<void> {
  const config = await loadConfig()
  const supabase = createClient<Database>(config.supabaseUrl, config.publishableKey, {
    global: { fetch: limitAuthRequests() },
    // Links open on any device, so that no code verifier of this browser is needed. `pages.tsx` reads the address.
    auth: { flowType: 'implicit', detectSessionInUrl: false },
  })
  const base = import.meta.env.BASE_URL
  createPages({ root, config, supabase, landing: readLanding(new URL(location.href), base), base }).start()
}

const root = document.getElementById('app')
if (root !== null) start(root).catch(() => mount(<NotConfigured />, root))
