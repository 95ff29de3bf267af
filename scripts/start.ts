/** `npm start`: the embedded stack, the dashboard and one sample claim. Its options: `start-options.ts`. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { styleText } from 'node:util'
import { AppError } from '../functions-shared/app-error.ts'
import { createTerminalLogger } from '../stack/logger.ts'
import { bringUp, CLAIMED_PHOTOS, type Running } from './bring-up.ts'
import { explain } from './command-line.ts'
import { DEMO_HANDLER_EMAIL } from './demo-user.ts'
import { eventLine } from './event-line.ts'
import { ROOT } from './process.ts'
import type { SampleClaimResult } from './sample-claim.ts'
import { DEFAULT_DATA_DIR, parseStartOptions, type StartOptions, USAGE } from './start-options.ts'

const options = readOptions()

/** The stack was told to stop, by Ctrl-C or SIGTERM. */
const STOP = Symbol('stop')

await (options.check ? check() : start())
// Everything is stopped here. A timer that a client library left behind must not keep the process for seconds.
process.exit()

/** Ends the process where there is nothing to start. */
function readOptions(): StartOptions {
  try {
    const options = parseStartOptions(process.argv.slice(2))
    if (!options.help) return options
    console.log(USAGE)
    return process.exit(0)
  } catch (error) {
    explain(error, USAGE)
    return process.exit()
  }
}

/** Runs until Ctrl-C, or until the process that started it has gone. */
async function start(): Promise<void> {
  const stop = new AbortController()
  const stopped = stopSignal()
  void stopped.then(() => {
    console.log('Stopping ...')
    stop.abort()
  })
  try {
    await run(stop.signal, stopped)
  } catch (error) {
    // Ctrl-C also ends the processes that are being started, which is no failure then.
    if (!stop.signal.aborted) explain(error, USAGE)
  }
}

async function run(signal: AbortSignal, stopped: Promise<typeof STOP>): Promise<void> {
  await using running = await bringUp({
    dataDir: options.dataDir,
    fresh: options.fresh,
    ports: options.ports,
    allowedHosts: options.allowedHosts,
    logger: createTerminalLogger({ level: options.verbose ? 'debug' : 'info' }),
    dev: options.dev,
    signal,
  })
  const sample = options.sample ? await Promise.race([trySample(running, signal), stopped]) : undefined
  if (sample !== STOP) {
    console.log(banner(running, sample))
    await stopped
  }
}

/** A sample claim that fails leaves the stack running, so that its logs and tables can be looked at. */
async function trySample(running: Running, signal: AbortSignal): Promise<SampleClaimResult | undefined> {
  try {
    return await showSample(running)
  } catch (cause) {
    // The claim fails because the stack is being stopped.
    if (!signal.aborted) {
      explain(new AppError('sample_failed', { cause, details: { reason: reasonOf(cause) } }), USAGE)
    }
    return undefined
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function showSample(running: Running): Promise<SampleClaimResult> {
  console.log(
    `\nA sample claim: a signed webhook with ${CLAIMED_PHOTOS.length} photos, one of them cut short, and a voice note.\n` +
      'What a subscriber receives, with milliseconds since the status change:\n',
  )
  return running.runSample(({ message, latencyMs }) => console.log(eventLine(message, `${latencyMs} ms`)))
}

/** The same path on free ports with temporary data; the last line is one JSON object. */
async function check(): Promise<void> {
  const stopped = stopSignal()
  const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-check-'))
  let result: { ok: boolean } & Record<string, unknown>
  try {
    result = await runCheck(dataDir, stopped)
  } catch (error) {
    explain(error, USAGE)
    result = { ok: false, reason: reasonOf(error) }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
  console.log(JSON.stringify(result))
  if (!result.ok) process.exitCode = 1
}

async function runCheck(
  dataDir: string,
  stopped: Promise<typeof STOP>,
): Promise<{ ok: boolean } & Record<string, unknown>> {
  const startedAt = performance.now()
  await using running = await bringUp({
    dataDir,
    fresh: false,
    ports: { api: 0, db: 0, mail: 0, dashboard: 0 },
    logger: createTerminalLogger({ level: options.verbose ? 'debug' : 'warn' }),
  })
  const startMs = Math.round(performance.now() - startedAt)
  const page = await fetch(running.dashboardUrl)
  if (!page.ok) throw new Error(`the dashboard answered ${page.status}`)
  const sample = await Promise.race([showSample(running), stopped])
  if (sample === STOP) return { ok: false, reason: 'interrupted' }
  const { received, lost, duplicates, p50Ms } = sample
  const messages = received.map(({ message }) => message.type)
  return { ok: lost === 0 && duplicates === 0, messages, lost, duplicates, startMs, p50Ms }
}

/** Resolves on Ctrl-C, on SIGTERM, and when the parent process has gone. */
function stopSignal(): Promise<typeof STOP> {
  return new Promise((resolve) => {
    for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const)
      process.on(event, () => resolve(STOP))
  })
}

function banner({ stack, dashboardUrl, demo }: Running, sample: SampleClaimResult | undefined): string {
  const heading = (text: string) => styleText('bold', text)
  const lines = [
    '',
    heading('  Claimwire is running'),
    '',
    `  Dashboard        ${styleText('cyan', dashboardUrl)}`,
    `    sign in with   ${demo.email}  /  ${demo.password}`,
    `    as the firm    ${DEMO_HANDLER_EMAIL}, with the same password`,
    `  API              ${stack.url}`,
    `    publishable    ${stack.keys.publishableKey}`,
    `    secret         ${stack.keys.secretKey}`,
    `  Mailbox          ${styleText('cyan', stack.mailboxUrl)}`,
    `  Database         ${stack.dbUrl}`,
    `  Webhook          ${stack.url}/functions/v1/typeform-webhook`,
    `    secret         ${stack.keys.typeformSecret}`,
  ]
  if (sample !== undefined) {
    const { received, lost, duplicates, p50Ms } = sample
    lines.push(
      '',
      `  Sample claim     ${received.length} messages received, ${lost} lost, ${duplicates} doubled, median ${p50Ms} ms after the change`,
      `    see it at      ${dashboardUrl}/#/incidents/${sample.incidentId}`,
    )
  }
  const inside = relative(ROOT, stack.dataDir)
  const kept = inside.startsWith('..') ? stack.dataDir : inside
  const which = options.dataDir === DEFAULT_DATA_DIR ? '' : ` --data-dir ${kept}`
  lines.push(
    '',
    `  Ctrl-C stops everything. Data is kept in ${kept}; \`npm start -- --fresh${which}\` empties it.`,
    '',
  )
  return lines.join('\n')
}
