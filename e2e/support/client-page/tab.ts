/** A browser tab with the client library's test page, and the sockets that it has open. */

import type { BrowserContext, Page, WebSocket } from 'playwright-core'
import type { PageOptions, TestPage } from './entry.ts'

declare global {
  var testPage: TestPage
}

export interface Tab {
  page: Page
  sockets: Set<WebSocket>
}

export async function openTab(
  context: BrowserContext,
  pageUrl: string,
  options: PageOptions,
  how: { connected?: boolean } = {},
): Promise<Tab> {
  const page = await context.newPage()
  const sockets = new Set<WebSocket>()
  page.on('websocket', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await page.goto(pageUrl)
  await page.waitForFunction('globalThis.testPage !== undefined')
  const connecting = page.evaluate((given) => globalThis.testPage.connect(given), options)
  if (how.connected !== false) await connecting
  // Ends with the page, whether or not it came to be connected.
  else connecting.catch(() => undefined)
  return { page, sockets }
}

/** Of the durable messages that listeners were given, in the order in which they were given. */
export function seqsOf({ page }: Tab): Promise<number[]> {
  return page.evaluate(() => globalThis.testPage.heard.map(({ seq }) => seq))
}

export function stateOf({ page }: Tab): Promise<string | undefined> {
  return page.evaluate(() => globalThis.testPage.client?.getState().state)
}

export function openSockets(tabs: readonly Tab[]): number {
  return tabs.reduce((sum, { sockets }) => sum + sockets.size, 0)
}
