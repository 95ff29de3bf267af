/** Brings up everything that `npm start` shows: the stack, the dashboard and a demo user who can file a claim. */

import { PHOTOS_DIR, SAMPLE_PHOTOS } from '../e2e/fixtures/photos.ts'
import { createStack } from '../stack/index.ts'
import type { Logger, Stack } from '../stack/types.ts'
import { startDashboard } from '../web/server/dashboard.ts'
import { DEMO_EMAIL, setDemoPassword } from './demo-user.ts'
import { startPhotoServer } from './photo-server.ts'
import { type ReceivedMessage, runSampleClaim, type SampleClaimResult } from './sample-claim.ts'

/** The second is cut short on purpose: a claim that shows how a failure looks. */
export const CLAIMED_PHOTOS = [SAMPLE_PHOTOS.front, SAMPLE_PHOTOS.truncated, SAMPLE_PHOTOS.street]

/** Stack, dashboard and the sample's file server, as one handle. */
export interface Running extends AsyncDisposable {
  stack: Stack
  dashboardUrl: string
  demo: { email: string; password: string }
  runSample(onMessage: (received: ReceivedMessage) => void): Promise<SampleClaimResult>
}

export interface BringUpOptions {
  dataDir: string
  fresh: boolean
  ports: { api: number; db: number; dashboard: number }
  logger: Logger
  /** Serves the dashboard from source with hot reload. Default false. */
  dev?: boolean
}

export async function bringUp(options: BringUpOptions): Promise<Running> {
  await using parts = new AsyncDisposableStack()
  const photos = parts.use(await startPhotoServer(PHOTOS_DIR))
  const stack = parts.use(
    await createStack({
      ...options,
      functionsEnv: { DOWNLOAD_ALLOWED_ORIGINS: photos.origin },
    }),
  )
  const demo = { email: DEMO_EMAIL, password: stack.keys.demoPassword }
  await setDemoPassword(stack, demo.password)
  const dashboard = await startDashboard({
    port: options.ports.dashboard,
    supabaseUrl: stack.url,
    publishableKey: stack.keys.publishableKey,
    demo,
    dev: options.dev ?? false,
  })
  parts.defer(() => dashboard.close())
  const { port } = new URL(dashboard.url)
  if (options.ports.dashboard !== 0 && port !== String(options.ports.dashboard)) {
    options.logger.warn('dashboard', `port ${options.ports.dashboard} is taken, using ${port}`)
  }
  const owned = parts.move()
  return {
    stack,
    dashboardUrl: dashboard.url,
    demo,
    runSample: (onMessage) =>
      runSampleClaim({
        url: stack.url,
        publishableKey: stack.keys.publishableKey,
        typeformSecret: stack.keys.typeformSecret,
        user: demo,
        photoUrls: CLAIMED_PHOTOS.map(photos.urlOf),
        onMessage,
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
