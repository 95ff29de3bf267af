/** Adding files: buttons, dropping, pasting, the camera of a phone; and what is on its way. */

import { h, reconcile, setText } from '../../shared/dom.ts'
import { fileSize } from '../../shared/format.ts'
import { resizeSmoothly } from '../../shared/motion.ts'
import { extraIcon, icon, iconButton } from '../dom-parts.ts'
import type { HoldReason, UploadItem, UploadStatus } from './upload-queue.ts'

export interface UploadView {
  element: HTMLElement
  update(items: readonly UploadItem[], incident: { id: string; title: string }): void
  destroy(): void
}

export interface UploadActions {
  add(files: Iterable<File>): void
  cancel(id: string): void
  retry(id: string): void
  clear(): void
  /** See `UploadQueue.hold`. */
  hold(reason: HoldReason, on: boolean): void
}

const ACCEPT = 'image/jpeg,image/png,image/webp,image/heic,image/heif,audio/*,application/pdf'

export function createUploadView(actions: UploadActions): UploadView {
  const picker = fileInput({ multiple: true, accept: ACCEPT })
  const camera = fileInput({ accept: 'image/*', capture: 'environment' })
  const list = h('ul', { class: 'upload-list', attrs: { 'aria-label': 'Uploads' } })
  const frame = h('div', { class: 'upload__list' }, list)
  const clear = h(
    'button',
    { class: 'button button--small', attrs: { type: 'button' }, on: { click: actions.clear } },
    'Clear finished',
  )
  const overlayTitle = h('p', { class: 'drop-overlay__title' })
  const overlay = h(
    'div',
    { class: 'drop-overlay', attrs: { hidden: true, 'aria-hidden': 'true' } },
    h('div', { class: 'drop-overlay__card' }, extraIcon('upload'), overlayTitle),
  )
  const add = button('plus', 'Add files', () => picker.click())
  const element = h(
    'div',
    { class: 'upload' },
    h(
      'div',
      { class: 'upload__bar' },
      add,
      button('camera', 'Take a photo', () => camera.click(), 'upload__camera'),
      h('p', { class: 'upload__hint' }, 'or drop or paste photos, voice notes, PDF files'),
      clear,
    ),
    picker,
    camera,
    frame,
  )
  document.body.append(overlay)
  const views = new WeakMap<HTMLElement, (item: UploadItem) => void>()
  const stop = new AbortController()
  let depth = 0
  let drawn = ''
  let drawnFor = ''

  function fileInput(attrs: Record<string, string | boolean>): HTMLInputElement {
    const input = h('input', {
      class: 'visually-hidden',
      attrs: { type: 'file', tabindex: -1, 'aria-hidden': 'true', ...attrs },
    })
    input.addEventListener('change', () => {
      actions.add(input.files ?? [])
      // The same file can be chosen again.
      input.value = ''
    })
    return input
  }

  function show(visible: boolean): void {
    overlay.hidden = !visible
  }

  function onDocument<Type extends keyof DocumentEventMap>(
    type: Type,
    listener: (event: DocumentEventMap[Type]) => void,
  ): void {
    document.addEventListener(type, listener, { signal: stop.signal })
  }

  // A drag that enters a child leaves its parent: only the balance tells whether it is still over the page.
  onDocument('dragenter', (event) => {
    if (!hasFiles(event)) return
    depth += 1
    show(true)
  })
  onDocument('dragleave', (event) => {
    if (!hasFiles(event)) return
    depth -= 1
    if (depth <= 0) show(false)
  })
  onDocument('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault()
  })
  onDocument('drop', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth = 0
    show(false)
    actions.add(event.dataTransfer?.files ?? [])
  })
  onDocument('paste', (event) => {
    const files = event.clipboardData?.files
    if (files === undefined || files.length === 0) return
    event.preventDefault()
    actions.add(files)
  })

  // Nothing moves away below a finger, or from under the pointer or the focus.
  onDocument('pointerdown', () => actions.hold('press', true))
  for (const type of ['pointerup', 'pointercancel'] as const)
    onDocument(type, () => actions.hold('press', false))
  list.addEventListener('pointerenter', ({ pointerType }) => actions.hold('hover', pointerType !== 'touch'))
  list.addEventListener('pointerleave', () => actions.hold('hover', false))
  list.addEventListener('focusin', ({ target }) =>
    actions.hold('focus', target instanceof Element && target.matches(':focus-visible')),
  )
  list.addEventListener('focusout', () => actions.hold('focus', false))

  function draw(items: readonly UploadItem[]): void {
    list.hidden = items.length === 0
    reconcile(list, items, {
      key: ({ id }) => id,
      create: (item) => {
        const { element: row, update } = createRow(item, actions)
        views.set(row, update)
        return row
      },
      update: (row, item) => views.get(row)?.(item),
    })
  }

  /** Rows come or go. The focus of one that goes moves on to the next, or back to where files are added. */
  function redraw(items: readonly UploadItem[]): void {
    const rows = [...list.children]
    const focused = rows.findIndex((row) => row.contains(document.activeElement))
    resizeSmoothly(frame, () => draw(items))
    // What is gone is not said to have been left.
    if (items.length === 0) actions.hold('hover', false)
    if (focused < 0 || rows[focused]?.isConnected) return
    actions.hold('focus', false)
    const next = list.children[Math.min(focused, list.children.length - 1)]
    const target = next?.querySelector<HTMLElement>('.icon-button') ?? add
    target.focus()
  }

  return {
    element,
    update(items, { id, title }) {
      setText(overlayTitle, `Drop to add to “${title}”`)
      // What is done goes by itself.
      clear.hidden = !items.some(({ status }) => status === 'failed')
      const key = items.map((item) => item.id).join()
      if (key === drawn || id !== drawnFor) draw(items)
      else redraw(items)
      drawn = key
      drawnFor = id
    },
    destroy() {
      stop.abort()
      overlay.remove()
    },
  }
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

function button(name: 'plus' | 'camera', label: string, onClick: () => void, className = ''): HTMLElement {
  return h(
    'button',
    { class: `button ${className}`.trim(), attrs: { type: 'button' }, on: { click: onClick } },
    extraIcon(name),
    label,
  )
}

const LABELS: Record<UploadStatus, string> = {
  waiting: 'Waiting',
  uploading: 'Uploading',
  interrupted: 'Interrupted. It goes on when the network is back',
  submitting: 'Almost there',
  done: 'Added',
  failed: 'Failed',
}

function createRow(item: UploadItem, actions: UploadActions) {
  const state = h('p', { class: 'upload-item__state', attrs: { role: 'status' } })
  const bar = h(
    'div',
    {
      class: 'bar bar--line',
      attrs: {
        role: 'progressbar',
        'aria-valuemin': 0,
        'aria-valuemax': 100,
        'aria-label': `Upload of ${item.file.name}`,
      },
    },
    h('div', {}),
  )
  const retry = h(
    'button',
    {
      class: 'button button--small',
      attrs: { type: 'button', 'aria-label': `Try again: ${item.file.name}` },
      on: { click: () => actions.retry(item.id) },
    },
    icon('refresh'),
    'Try again',
  )
  const cancel = iconButton('close', `Cancel the upload of ${item.file.name}`, () => actions.cancel(item.id))
  const element = h(
    'li',
    { class: 'upload-item', attrs: { 'data-upload': item.file.name } },
    h('div', { class: 'upload-item__titles' }, h('p', { class: 'upload-item__name' }, item.file.name), state),
    retry,
    cancel,
    bar,
  )
  return {
    element,
    update(next: UploadItem): void {
      const { status, sent, file, reason, resumed, final } = next
      const share = file.size === 0 ? 0 : sent / file.size
      element.dataset.status = status
      const progress =
        status === 'uploading' ? ` · ${Math.floor(share * 100)}% of ${fileSize(file.size)}` : ''
      const again = resumed && status === 'uploading' ? ' · resumed' : ''
      setText(state, status === 'failed' ? (reason ?? LABELS.failed) : `${LABELS[status]}${progress}${again}`)
      bar.hidden = status === 'done' || status === 'failed'
      bar.setAttribute('aria-valuenow', String(Math.floor(share * 100)))
      bar.style.setProperty('--progress', String(share))
      retry.hidden = status !== 'interrupted' && (status !== 'failed' || final)
      cancel.setAttribute(
        'aria-label',
        `${status === 'done' || status === 'failed' ? 'Remove' : 'Cancel the upload of'} ${file.name}`,
      )
    },
  }
}
