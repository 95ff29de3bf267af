/** Keeps the incidents of a page current by the messages of the live client. */

import type { DashboardWebSocketClient } from '../client/index.ts'
import type { DashboardStore } from './store.ts'

type Client = Pick<DashboardWebSocketClient, 'on' | 'getState'>

/**
 * @param isVisible whether the page is on the screen; a hidden page does not read again what it may have missed.
 * @returns a function that ends it.
 */
export function keepListCurrent(client: Client, store: DashboardStore, isVisible: () => boolean): () => void {
  const offs = [
    client.on('message', (message) => store.receive(message)),
    client.on('realtime_update', ({ incidentId }) => store.changed(incidentId)),
    client.on('reload', () => void store.refresh()),
    client.on('unread', () => void store.unreadChanged()),
    // Changes between the page's read and the join are missing; progress messages are not repeated.
    client.on('connected', () => void store.refresh()),
    // The broadcast of a change that has no notification may be lost. The server has answered a heartbeat, so the list
    // can be read.
    client.on('pong', () => {
      if (isVisible() && client.getState().isConnected) void store.refresh()
    }),
  ]
  return () => {
    for (const off of offs) off()
  }
}
