/** The last frames of the socket, newest first, each with its payload on request. */

import './frame-list.css'
import { useState } from 'preact/hooks'
import { clockTime, plural } from '../shared/format.ts'
import type { Frame } from './frame.ts'

const ARROWS: Record<Frame['direction'], { arrow: string; name: string }> = {
  out: { arrow: '↑', name: 'Sent' },
  in: { arrow: '↓', name: 'Received' },
  note: { arrow: '·', name: 'Note' },
}

export function FrameList({ frames }: { frames: readonly Frame[] }) {
  return (
    <section class="cw-debug__log" aria-label="Frames">
      <h3>Frames {frames.length > 0 && `(${plural(frames.length, 'latest', 'latest')})`}</h3>
      {frames.length === 0 && <p class="cw-debug__empty">No frames yet.</p>}
      <ol class="cw-debug__frames">
        {frames.map((frame) => (
          <FrameLine key={frame.number} frame={frame} />
        ))}
      </ol>
    </section>
  )
}

function FrameLine({ frame }: { frame: Frame }) {
  const { at, direction, topic, event, size, payload } = frame
  const { arrow, name } = ARROWS[direction]
  const [isOpen, setOpen] = useState(false)
  return (
    <li data-direction={direction}>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary class="cw-debug__frame">
          <time>
            {clockTime(new Date(at).toISOString())}.{String(at % 1000).padStart(3, '0')}
          </time>
          <span class="cw-debug__arrow" role="img" aria-label={name}>
            {arrow}
          </span>
          <span class="cw-debug__topic">{topic}</span>
          <span class="cw-debug__event">{event}</span>
          <span class="cw-debug__size">{size < 1_000 ? `${size} B` : `${(size / 1_000).toFixed(1)} kB`}</span>
        </summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long payload is scrolled by keyboard, too */}
        <pre tabIndex={0}>{isOpen && (JSON.stringify(payload, null, 2) ?? 'nothing')}</pre>
      </details>
    </li>
  )
}
