/** Runs in the browser: supabase-js, unmodified, and the scenarios that drive it. */

import { runScenario, type ScenarioHost } from '../../../stack/realtime/testing/supabase-js.ts'

/** The test's side of {@link ScenarioHost}. */
declare global {
  var mintToken: ScenarioHost['token']
  var runSql: ScenarioHost['sql']
}

const realtimePage = {
  run: (name: string, address: Pick<ScenarioHost, 'url' | 'publishableKey'>): Promise<unknown> =>
    runScenario(name, { ...address, token: globalThis.mintToken, sql: globalThis.runSql }),
}

export type RealtimePage = typeof realtimePage

Object.assign(globalThis, { realtimePage })
