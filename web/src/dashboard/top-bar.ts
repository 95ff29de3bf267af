/** The bar at the top: name, connection, and who is signed in. */

import type { DashboardWebSocketClient } from '../client/index.ts'
import { h } from '../shared/dom.ts'
import { createStatusDetails, createStatusIndicator } from '../status/index.ts'
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

export function createTopBar({ client, bell, email, signOut }: TopBarOptions): TopBar {
  const status = h('div', { attrs: { id: 'ws-connection-status' } })
  const indicator = createStatusIndicator({
    element: status,
    client,
    details: createStatusDetails(client),
  })
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
  return { element, destroy: () => indicator.destroy() }
}
