/**
 * The card with the connection's details, for the indicator's option `details`. It is on Preact, which the indicator does
 * without; so it is an entry of its own.
 */

import type { DashboardWebSocketClient } from '../client/index.ts'
import type { CreateDetails } from '../status/index.ts'
import { drawNow } from '../ui/frames.ts'
import { mount } from '../ui/mount.ts'
import { CardStore } from './card-store.ts'
import { StatusCard } from './status-card.tsx'

export function createStatusDetails(
  client: Pick<DashboardWebSocketClient, 'getState' | 'on' | 'retryNow' | 'ping'>,
): CreateDetails {
  return ({ label, clock, toggled }) => {
    const store = new CardStore({ client, clock, toggled })
    const element = document.createElement('span')
    element.className = 'cw-status__details'
    const unmount = mount(
      <StatusCard store={store} label={label} retryNow={() => client.retryNow()} />,
      element,
    )
    return {
      element,
      get isOpen() {
        return store.isOpen
      },
      // At once, so that card and label say the same at every moment.
      update: () => drawNow(() => store.update()),
      destroy() {
        store.destroy()
        unmount()
      },
    }
  }
}
