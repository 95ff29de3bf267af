/** Brings up everything that `npm start` shows: the stack, the dashboard and a demo user who can file a claim. */

import { samplePhotoPath } from '../samples/photos.ts'
import { sampleVoiceNotePath } from '../samples/voice-notes.ts'
import { createStack, type Stack } from '../stack/index.ts'
import type { Logger } from '../stack/types.ts'
import { startDashboard } from '../web/server/dashboard.ts'
import { DEMO_EMAIL, setUpDemoUsers } from './demo-user.ts'
import { type ReceivedMessage, runSampleClaim, type SampleClaimResult } from './sample-claim.ts'
import { serveSampleFiles } from './sample-files.ts'

/** The second photo is truncated on purpose, so that the sample claim has a failure, too. */
export const CLAIMED_PHOTOS = (['front', 'truncated', 'street'] as const).map(samplePhotoPath)
export const CLAIMED_VOICE_NOTES = [sampleVoiceNotePath('ogg')]

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
  ports: { api: number; db: number; mail: number; dashboard: number }
  logger: Logger
  /** Names for the Host header of stack and dashboard beside localhost. Default none. */
  allowedHosts?: readonly string[]
  /** Serves the dashboard from source with hot reload. Default false. */
  dev?: boolean
  /** When aborted, the parts that have started are stopped again and the others are not started. */
  signal?: AbortSignal
}

export async function bringUp(options: BringUpOptions): Promise<Running> {
  await using parts = new AsyncDisposableStack()
  const files = parts.use(await serveSampleFiles([...CLAIMED_PHOTOS, ...CLAIMED_VOICE_NOTES]))
  const stack = parts.use(
    await createStack({
      ...options,
      functionsEnv: { ...transcriptionSettings(process.env), DOWNLOAD_ALLOWED_ORIGINS: files.origin },
    }),
  )
  options.signal?.throwIfAborted()
  const demo = { email: DEMO_EMAIL, password: stack.keys.demoPassword }
  await setUpDemoUsers(stack, demo.password)
  const dashboard = await startDashboard({
    port: options.ports.dashboard,
    supabaseUrl: stack.url,
    publishableKey: stack.keys.publishableKey,
    demo,
    dev: options.dev ?? false,
    ...(options.allowedHosts !== undefined && { allowedHosts: options.allowedHosts }),
  })
  parts.defer(() => dashboard.close())
  const { port } = new URL(dashboard.url)
  if (options.ports.dashboard !== 0 && port !== String(options.ports.dashboard)) {
    options.logger.warn('dashboard', `port ${options.ports.dashboard} is taken, using ${port}`)
  }
  stack.setSiteUrl(dashboard.url)
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
        photoUrls: CLAIMED_PHOTOS.map(files.urlOf),
        voiceNoteUrls: CLAIMED_VOICE_NOTES.map(files.urlOf),
        onMessage,
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** `TRANSCRIPTION_API_KEY` and its related settings. With a key the embedded stack calls the real service. */
function transcriptionSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith('TRANSCRIPTION_') && value ? [[name, value]] : [],
    ),
  )
}
