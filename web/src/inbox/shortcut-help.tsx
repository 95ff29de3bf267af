/** The inbox's keys, shown on request. */

import './shortcut-help.css'

const SHORTCUTS: readonly { keys: readonly string[]; separator: string; does: string }[] = [
  { keys: ['j', 'k'], separator: ', ', does: 'next, previous' },
  { keys: ['Enter'], separator: '', does: 'open' },
  { keys: ['e'], separator: '', does: 'mark as read or unread' },
  { keys: ['Shift', 'E'], separator: ' ', does: 'mark all as read' },
  { keys: ['d'], separator: '', does: 'put aside as done' },
  { keys: ['z'], separator: '', does: 'undo' },
  { keys: ['Esc'], separator: '', does: 'close' },
]

export function ShortcutHelp({ isShown, toggle }: { isShown: boolean; toggle(): void }) {
  return (
    <div class="cw-inbox__foot">
      <dl class="cw-inbox__keys" id="cw-inbox-keys" hidden={!isShown}>
        {SHORTCUTS.map(({ keys, separator, does }) => (
          <div key={does}>
            <dt>{keys.flatMap((key, index) => [index > 0 && separator, <kbd key={key}>{key}</kbd>])}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button
        type="button"
        class="cw-inbox__help"
        aria-expanded={isShown}
        aria-controls="cw-inbox-keys"
        onClick={toggle}
      >
        Keyboard shortcuts{' '}
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a kbd element cannot have the focus */}
        <kbd aria-hidden="true">?</kbd>
      </button>
    </div>
  )
}
