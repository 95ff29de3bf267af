/** The connection's states and ways, drawn; where it is now, and which way it came last. */

import type { ConnectionStateName } from '../client/index.ts'

type Point = readonly [x: number, y: number]

const SVG = 'http://www.w3.org/2000/svg'
const SIZE = { width: 560, height: 172 } as const
const BOX = { width: 92, height: 30 } as const

const PLACES: Record<ConnectionStateName, Point> = {
  idle: [8, 16],
  connecting: [152, 16],
  'catching-up': [308, 16],
  live: [460, 16],
  offline: [152, 126],
  error: [8, 126],
  stale: [384, 126],
  closed: [274, 126],
}

const WAYS: readonly (readonly [ConnectionStateName, ConnectionStateName])[] = [
  ['idle', 'connecting'],
  ['connecting', 'catching-up'],
  ['catching-up', 'live'],
  ['live', 'catching-up'],
  ['catching-up', 'stale'],
  ['live', 'stale'],
  ['stale', 'live'],
  ['connecting', 'offline'],
  ['offline', 'connecting'],
  ['connecting', 'error'],
  ['error', 'connecting'],
  ['catching-up', 'offline'],
  ['live', 'offline'],
]

export interface StateDiagram {
  element: SVGSVGElement
  update(
    state: ConnectionStateName,
    came: { from: ConnectionStateName; to: ConnectionStateName } | null,
  ): void
}

export function createStateDiagram(): StateDiagram {
  const svg = make('svg', {
    viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
    class: 'cw-debug__diagram',
    role: 'img',
  })
  const head = make('marker', {
    id: 'cw-debug-head',
    viewBox: '0 0 8 8',
    refX: 7,
    refY: 4,
    markerWidth: 6,
    markerHeight: 6,
    orient: 'auto',
  })
  head.append(make('path', { d: 'M0 0 8 4 0 8Z', fill: 'context-stroke' }))
  svg.append(head)
  const ways = WAYS.map(([from, to]) => {
    const line = make('line', {
      class: 'cw-debug__way',
      'marker-end': 'url(#cw-debug-head)',
      ...lineBetween(PLACES[from], PLACES[to]),
    })
    svg.append(line)
    return { from, to, line }
  })
  const boxes = Object.entries(PLACES).map(([name, [x, y]]) => {
    const group = make('g', { class: 'cw-debug__state' })
    const text = make('text', { x: x + BOX.width / 2, y: y + BOX.height / 2 + 4 })
    text.textContent = name
    group.append(make('rect', { x, y, width: BOX.width, height: BOX.height, rx: 8 }), text)
    svg.append(group)
    return { name, group }
  })

  return {
    element: svg,
    update(state, came) {
      svg.setAttribute('aria-label', `Connection state: ${state}`)
      for (const { name, group } of boxes) group.classList.toggle('is-current', name === state)
      for (const { from, to, line } of ways)
        line.classList.toggle('is-current', came?.from === from && came.to === to)
    },
  }
}

/** From edge to edge, a little beside the middle, so that two ways in opposite directions lie side by side. */
function lineBetween([x1, y1]: Point, [x2, y2]: Point): Record<string, number> {
  const [from, to] = [
    [x1 + BOX.width / 2, y1 + BOX.height / 2],
    [x2 + BOX.width / 2, y2 + BOX.height / 2],
  ] as const
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const length = Math.hypot(dx, dy) || 1
  const [sx, sy] = [(-dy / length) * 4, (dx / length) * 4]
  const reach = Math.min(
    Math.abs(dx) < 1 ? Number.POSITIVE_INFINITY : (BOX.width / 2 / Math.abs(dx)) * length,
    Math.abs(dy) < 1 ? Number.POSITIVE_INFINITY : (BOX.height / 2 / Math.abs(dy)) * length,
  )
  const [ux, uy] = [(dx / length) * reach, (dy / length) * reach]
  return { x1: from[0] + ux + sx, y1: from[1] + uy + sy, x2: to[0] - ux + sx, y2: to[1] - uy + sy }
}

function make<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  return element
}
