/** The last frames, newest first, each with its payload on request. */

import { h, oncePerFrame, reconcile, setText } from '../shared/dom.ts'
import { clockTime, plural } from '../shared/format.ts'
import { type Frame, toFrame } from './frame.ts'

export interface FrameList {
  element: HTMLElement
  add(kind: string, text: string, data: unknown): void
  readonly frames: readonly Frame[]
  clear(): void
  destroy(): void
}

/** Frames kept. */
export const LARGEST_COUNT = 100

const ARROWS: Record<Frame['direction'], [string, string]> = {
  out: ['↑', 'Sent'],
  in: ['↓', 'Received'],
  note: ['·', 'Note'],
}

export function createFrameList(clock: () => number = () => Date.now()): FrameList {
  let frames: readonly Frame[] = []
  let number = 0
  const empty = h('p', { class: 'cw-debug__empty' }, 'No frames yet.')
  const list = h('ol', { class: 'cw-debug__frames' })
  const count = h('span', {})
  const element = h(
    'section',
    { class: 'cw-debug__log', attrs: { 'aria-label': 'Frames' } },
    h('h3', {}, 'Frames ', count),
    empty,
    list,
  )
  const frame = oncePerFrame(render)

  function render(): void {
    empty.hidden = frames.length > 0
    setText(count, frames.length === 0 ? '' : `(${plural(frames.length, 'latest', 'latest')})`)
    reconcile(list, frames, { key: (each) => String(each.number), create: createLine })
  }

  return {
    element,
    add(kind, text, data) {
      number += 1
      frames = [toFrame(number, clock(), kind, text, data), ...frames].slice(0, LARGEST_COUNT)
      frame.request()
    },
    get frames() {
      return frames
    },
    clear() {
      frames = []
      render()
    },
    destroy: () => frame.cancel(),
  }
}

function createLine({ at, direction, topic, event, size, payload }: Frame): HTMLElement {
  const [arrow, name] = ARROWS[direction]
  const body = h('pre', { attrs: { tabindex: 0 } })
  const details = h(
    'details',
    {},
    h(
      'summary',
      { class: 'cw-debug__frame' },
      h('time', {}, `${clockTime(new Date(at).toISOString())}.${String(at % 1000).padStart(3, '0')}`),
      h('span', { class: 'cw-debug__arrow', attrs: { role: 'img', 'aria-label': name } }, arrow),
      h('span', { class: 'cw-debug__topic' }, topic),
      h('span', { class: 'cw-debug__event' }, event),
      h('span', { class: 'cw-debug__size' }, size < 1_000 ? `${size} B` : `${(size / 1_000).toFixed(1)} kB`),
    ),
    body,
  )
  // Written out only for whoever wants to read it.
  details.addEventListener('toggle', () => {
    if (details.open) setText(body, JSON.stringify(payload, null, 2) ?? 'nothing')
  })
  return h('li', { attrs: { 'data-direction': direction } }, details)
}
