/** The bar at the top: name, connection, and who is signed in. */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { LazyModule } from '../client/lazy-module.ts'
import { h } from '../shared/dom.ts'
import { createStatusIndicator } from '../status/index.ts'
import { brand } from './brand.ts'

export interface TopBar {
  element: HTMLElement
  destroy(): void
}

export interface TopBarOptions {
  client: DashboardWebSocketClient
  /** The inbox's button. */
  bell: HTMLElement
  /** As whom the user is signed in; null where it is not known. */
  email: string | null
  signOut(): void
}

/** Loaded after the first paint. */
const statusCard = new LazyModule(() => import('../status-card/index.tsx'))

export function createTopBar({ client, bell, email, signOut }: TopBarOptions): TopBar {
  const status = h('div', { attrs: { id: 'ws-connection-status' } })
  const indicator = createStatusIndicator({ element: status, client })
  const stopLoading = statusCard.use((card) => indicator.addDetails(card.createStatusDetails(client)))
  const element = h(
    'header',
    { class: 'topbar' },
    brand(),
    status,
    h(
      'div',
      { class: 'topbar__user' },
      bell,
      h('span', { class: 'topbar__email' }, email ?? 'Signed in'),
      h(
        'button',
        { class: 'button button--small', attrs: { type: 'button' }, on: { click: signOut } },
        'Sign out',
      ),
    ),
  )
  return {
    element,
    destroy() {
      stopLoading()
      indicator.destroy()
    },
  }
}
