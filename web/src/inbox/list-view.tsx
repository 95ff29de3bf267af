/** The list of the inbox on a page of its own, without bell and panel. */

import { signal } from '@preact/signals'
import { Show } from '@preact/signals/utils'
import { drawNow } from '../ui/frames.ts'
import { mount } from '../ui/mount.ts'
import { focusList, InboxList, type InboxListProps } from './inbox-list.tsx'

export interface ListView {
  element: HTMLElement
  /** Moves the focus to the current line; to the list itself where it has no lines. */
  focus(): void
  /** Whether the list is on the screen: it is drawn, and counts as seen, only while it is. */
  setVisible(visible: boolean): void
  destroy(): void
}

export function createListView(options: InboxListProps): ListView {
  const element = document.createElement('div')
  const isVisible = signal(false)
  const list = (
    <Show when={isVisible}>
      <InboxList {...options} />
    </Show>
  )
  const unmount = mount(list, element)
  return {
    element,
    focus: () => focusList(element),
    setVisible(visible) {
      drawNow(() => {
        isVisible.value = visible
      })
    },
    destroy() {
      unmount()
      element.remove()
    },
  }
}
