/** The case notes as people see them: a conversation, who is typing, and a field to write in. */

import { h, reconcile, setText } from '../../shared/dom.ts'
import { dateTime, relativeTime } from '../../shared/format.ts'
import { avatar, extraIcon, icon } from '../dom-parts.ts'
import type { NotesState } from './notes-store.ts'

export interface NotesView {
  element: HTMLElement
  update(state: NotesState, typing: readonly string[], now: number): void
}

export interface NotesActions {
  /** Who is writing here. */
  self: string
  nameOf(userId: string | null): string
  write(body: string): void
  typing(): void
  retry(id: string): void
  discard(id: string): void
  loadEarlier(): void
  reload(): void
}

interface Line {
  id: string
  authorId: string | null
  body: string
  createdAt: string
  state: 'stored' | 'waiting' | 'sending' | 'refused'
  reason: string | null
}

const MAX_LENGTH = 4_000
/** Milliseconds for which relative times stay as they are. */
const TIMES_LAST = 30_000

const STATES: Record<Line['state'], string> = {
  stored: '',
  sending: 'Sending…',
  waiting: 'Not sent yet. It is sent when the connection is back.',
  refused: 'Not accepted.',
}

export function createNotesView(actions: NotesActions): NotesView {
  const earlier = h(
    'button',
    {
      class: 'button button--small notes__earlier',
      attrs: { type: 'button', hidden: true },
      on: { click: actions.loadEarlier },
    },
    'Show earlier notes',
  )
  const list = h('ol', { class: 'notes__list', attrs: { 'aria-label': 'Case notes', 'aria-live': 'polite' } })
  const note = h('div', { class: 'notes__note' })
  const scroller = h('div', { class: 'notes__scroller' }, earlier, note, list)
  const typingLine = h('p', { class: 'notes__typing', attrs: { 'aria-live': 'polite' } })
  const field = h('textarea', {
    class: 'input notes__field',
    attrs: {
      rows: 2,
      'aria-label': 'Write a case note',
      placeholder: 'Write a note to the others on this case',
      maxlength: MAX_LENGTH,
      enterkeyhint: 'send',
    },
  })
  const send = h(
    'button',
    {
      class: 'button button--primary notes__send',
      attrs: { type: 'submit', 'aria-label': 'Send note', disabled: true },
    },
    extraIcon('send'),
  )
  const form = h(
    'form',
    { class: 'notes__form', on: { submit: submit } },
    field,
    h(
      'div',
      { class: 'notes__actions' },
      h('span', { class: 'notes__hint' }, 'Enter sends, Shift+Enter breaks the line'),
      send,
    ),
  )
  const element = h('div', { class: 'notes' }, scroller, typingLine, form)
  const texts = new WeakMap<HTMLElement, (line: Line, now: number) => void>()
  let noted = ''
  /** What it was drawn from. */
  let drawn: readonly unknown[] = []

  field.addEventListener('input', () => {
    send.disabled = field.value.trim() === ''
    field.style.setProperty('height', 'auto')
    field.style.setProperty('height', `${Math.min(field.scrollHeight + 2, 180)}px`)
    if (!send.disabled) actions.typing()
  })
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    form.requestSubmit()
  })

  function submit(event: Event): void {
    event.preventDefault()
    const body = field.value.trim()
    if (body === '') return
    field.value = ''
    field.style.removeProperty('height')
    send.disabled = true
    actions.write(body)
    scroller.scrollTop = scroller.scrollHeight
  }

  return {
    element,
    update(state, typing, now) {
      const authors = new Set([actions.self, ...state.notes.map(({ authorId }) => authorId)])
      const names = Array.from(authors, (author) => actions.nameOf(author))
      const view = [state, names.join('\n'), typing.join('\n'), Math.floor(now / TIMES_LAST)]
      // Asking how far it is scrolled makes the browser lay out the page.
      if (view.every((part, index) => part === drawn[index])) return
      drawn = view
      const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48
      earlier.hidden = !state.earlier
      const lines: Line[] = [
        ...state.notes.map((each): Line => ({ ...each, state: 'stored', reason: null })),
        ...state.drafts.map((draft): Line => ({ ...draft, authorId: actions.self })),
      ]
      const count = list.childElementCount
      reconcile(list, lines, {
        key: ({ id }) => id,
        create: (line) => {
          const { element: created, update } = createLine(line, actions)
          texts.set(created, update)
          return created
        },
        update: (each, line) => texts.get(each)?.(line, now),
      })
      const next = state.phase === 'ready' && lines.length > 0 ? '' : state.phase
      if (next !== noted) {
        noted = next
        note.replaceChildren(...noteOf(next, actions.reload))
      }
      setText(typingLine, typingText(typing))
      if (atEnd && list.childElementCount !== count) scroller.scrollTop = scroller.scrollHeight
    },
  }
}

function createLine(first: Line, actions: NotesActions) {
  const name = h('span', { class: 'note__author' })
  const time = h('time', { class: 'note__time' })
  const body = h('p', { class: 'note__body' })
  const state = h('p', { class: 'note__state' })
  const buttons = h(
    'div',
    { class: 'note__buttons' },
    h(
      'button',
      {
        class: 'button button--small',
        attrs: { type: 'button' },
        on: { click: () => actions.retry(first.id) },
      },
      'Try again',
    ),
    h(
      'button',
      {
        class: 'button button--small',
        attrs: { type: 'button' },
        on: { click: () => actions.discard(first.id) },
      },
      'Discard',
    ),
  )
  const picture = h('span', { class: 'note__picture' })
  const element = h(
    'li',
    { class: 'note', attrs: { 'data-note-id': first.id } },
    picture,
    h('div', { class: 'note__head' }, name, time),
    body,
    state,
    buttons,
  )
  let named = ''
  return {
    element,
    update(line: Line, now: number): void {
      const author = line.authorId === actions.self ? 'You' : actions.nameOf(line.authorId)
      const fullName = actions.nameOf(line.authorId)
      if (fullName !== named) {
        named = fullName
        picture.replaceChildren(avatar({ userId: line.authorId ?? '', name: fullName }))
      }
      setText(name, author)
      setText(time, relativeTime(line.createdAt, now))
      time.setAttribute('datetime', line.createdAt)
      time.title = dateTime(line.createdAt)
      setText(body, line.body)
      element.dataset.state = line.state
      setText(state, line.reason ?? STATES[line.state])
      state.hidden = line.state === 'stored'
      buttons.hidden = line.state !== 'refused'
    },
  }
}

function noteOf(phase: string, reload: () => void): Node[] {
  if (phase === 'loading') {
    return [
      h(
        'div',
        { class: 'row-skeleton', attrs: { 'aria-hidden': 'true' } },
        h('span', { class: 'skeleton' }),
        h('span', { class: 'skeleton skeleton--short' }),
      ),
    ]
  }
  if (phase === 'failed') {
    return [
      h('p', { class: 'notes__empty' }, 'The notes could not be loaded.'),
      h(
        'button',
        { class: 'button button--small', attrs: { type: 'button' }, on: { click: reload } },
        icon('refresh'),
        'Try again',
      ),
    ]
  }
  return phase === 'ready'
    ? [
        h(
          'p',
          { class: 'notes__empty' },
          'No notes yet. What you write here is seen by everybody on this case, at once.',
        ),
      ]
    : []
}

function typingText(names: readonly string[]): string {
  const [first, second] = names
  if (first === undefined) return ''
  if (second === undefined) return `${first} is typing…`
  return names.length === 2
    ? `${first} and ${second} are typing…`
    : `${first} and ${names.length - 1} others are typing…`
}
