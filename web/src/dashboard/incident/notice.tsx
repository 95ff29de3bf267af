/** What stands in place of an incident while there is none to show. */

import './notice.css'
import type { ComponentChildren } from 'preact'
import { Button } from '../../ui/button.tsx'
import { Icon, type IconPaths } from '../../ui/icon.tsx'
import { isOnline } from '../../ui/surroundings.ts'
import { useDashboard } from '../dashboard-context.ts'
import { ICONS } from '../icons.ts'
import { DetailSkeleton } from './detail-skeleton.tsx'

export function Notice() {
  const { state, store } = useDashboard()
  const { phase, selectedId } = state.value
  if (phase === 'loading') return <DetailSkeleton />
  if (phase === 'failed') {
    const words = isOnline.value
      ? {
          title: 'The incidents could not be loaded',
          text: 'The server did not answer. This page keeps trying.',
        }
      : {
          title: 'You are offline',
          text: 'Nothing of an earlier visit is kept on this device. The incidents appear when the network is back.',
        }
    return (
      <Message icon={ICONS.wifiOff} {...words}>
        <Button icon={ICONS.refresh} onClick={() => void store.refresh()}>
          Try again
        </Button>
      </Message>
    )
  }
  return selectedId === null ? (
    <Message
      icon={ICONS.inbox}
      title="No incidents yet"
      text="As soon as somebody sends in the form, the report appears here by itself."
    />
  ) : (
    <Message
      icon={ICONS.alert}
      title="There is no such incident"
      text="It may have been deleted, or you are not a member of it."
    >
      <a class="button" href="#/">
        All incidents
      </a>
    </Message>
  )
}

interface MessageProps {
  icon: IconPaths
  title: string
  text: string
  children?: ComponentChildren
}

function Message({ icon, title, text, children }: MessageProps) {
  return (
    <div class="empty">
      <span class="empty__icon">
        <Icon paths={icon} />
      </span>
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
    </div>
  )
}
