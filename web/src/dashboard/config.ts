/**
 * The address of the backend: from the build (`VITE_SUPABASE_URL`, `VITE_SUPABASE_PUBLISHABLE_KEY`), or at run time from
 * `/config.json`, which `startDashboard()` answers and a static host serves as a file.
 */

export interface DashboardConfig {
  supabaseUrl: string
  publishableKey: string
  /** Credentials of the embedded stack's demo user; null everywhere else. */
  demo: { email: string; password: string } | null
}

export async function loadConfig(fetcher: typeof fetch = fetch): Promise<DashboardConfig> {
  // Vite replaces these expressions where they are written in full.
  const supabaseUrl: unknown = import.meta.env.VITE_SUPABASE_URL
  const publishableKey: unknown = import.meta.env.VITE_SUPABASE_PUBLISHABLE_KEY
  if (typeof supabaseUrl === 'string' && typeof publishableKey === 'string') {
    return parseConfig({ supabaseUrl, publishableKey })
  }
  const response = await fetcher(`${import.meta.env.BASE_URL}config.json`, { cache: 'no-store' })
  if (!response.ok) throw new Error(`config.json was answered with ${response.status}`)
  return parseConfig(await response.json())
}

export function parseConfig(value: unknown): DashboardConfig {
  if (typeof value !== 'object' || value === null) throw new TypeError('the configuration is not an object')
  const { supabaseUrl, publishableKey, demo }: Partial<Record<string, unknown>> = { ...value }
  if (typeof supabaseUrl !== 'string' || !URL.canParse(supabaseUrl)) {
    throw new TypeError('the configuration has no valid supabaseUrl')
  }
  if (typeof publishableKey !== 'string' || publishableKey === '') {
    throw new TypeError('the configuration has no publishableKey')
  }
  return { supabaseUrl, publishableKey, demo: parseDemo(demo) }
}

function parseDemo(value: unknown): DashboardConfig['demo'] {
  if (typeof value !== 'object' || value === null) return null
  const { email, password }: Partial<Record<string, unknown>> = { ...value }
  return typeof email === 'string' && typeof password === 'string' ? { email, password } : null
}
