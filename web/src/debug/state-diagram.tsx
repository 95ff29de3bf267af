/** The connection's states and the transitions between them, drawn; the present state and the last transition stand out. */

import './state-diagram.css'
import type { ConnectionStateName } from '../client/index.ts'

type Point = readonly [x: number, y: number]

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

const TRANSITIONS: readonly (readonly [ConnectionStateName, ConnectionStateName])[] = [
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

export interface StateDiagramProps {
  state: ConnectionStateName
  lastChange: { old: ConnectionStateName; new: ConnectionStateName } | null
}

export function StateDiagram({ state, lastChange }: StateDiagramProps) {
  return (
    <svg
      viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
      class="cw-debug__diagram"
      role="img"
      aria-label={`Connection state: ${state}`}
    >
      <marker
        id="cw-debug-head"
        viewBox="0 0 8 8"
        refX={7}
        refY={4}
        markerWidth={6}
        markerHeight={6}
        orient="auto"
      >
        <path d="M0 0 8 4 0 8Z" fill="context-stroke" />
      </marker>
      {TRANSITIONS.map(([from, to]) => (
        <line
          key={`${from} ${to}`}
          class={`cw-debug__transition ${lastChange?.old === from && lastChange.new === to ? 'is-current' : ''}`}
          marker-end="url(#cw-debug-head)"
          {...lineBetween(PLACES[from], PLACES[to])}
        />
      ))}
      {Object.entries(PLACES).map(([name, [x, y]]) => (
        <g key={name} class={`cw-debug__state ${name === state ? 'is-current' : ''}`}>
          <rect x={x} y={y} width={BOX.width} height={BOX.height} rx={8} />
          <text x={x + BOX.width / 2} y={y + BOX.height / 2 + 4}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  )
}

/** From edge to edge, a little beside the middle, so that two transitions in opposite directions lie side by side. */
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
