/**
 * Shows toasts. Text only; the live regions stand in the page from the start, since a region that appears
 * together with its text is not read out.
 */

import { h, oncePerFrame, reconcile, setText, svgIcon } from '../shared/dom.ts'
import {
  createToastState,
  dismiss,
  elapse,
  nextExpiry,
  type PauseReason,
  pause,
  resume,
  type ShowToast,
  show,
  type Toast,
  type ToastState,
  type ToastType,
} from './store.ts'

export interface ToasterOptions {
  /** Default `document.body`. */
  parent?: HTMLElement
  /** Toasts shown at once; older ones wait behind "more". Default 3. */
  limit?: number
  clock?: () => number
}

export interface Toaster {
  /** @returns the toast's key, for updating and dismissing it. */
  show(toast: ShowToast): string
  /** As pages know it. Errors stay until dismissed unless a duration is given; others default to 5000 ms. */
  showToast(title: string, message: string, type?: ToastType, durationMs?: number): string
  dismiss(key: string): void
  destroy(): void
}

const ICONS: Record<ToastType, readonly string[]> = {
  success: ['M3.5 8.5l3 3 6-7'],
  error: ['M8 4.5v4', 'M8 11.25v.01'],
  warning: ['M8 4.5v4', 'M8 11.25v.01'],
  info: ['M8 7.5v4', 'M8 4.75v.01'],
}
const CLOSE_ICON = ['M4.5 4.5l7 7', 'M11.5 4.5l-7 7']

export function createToaster(options: ToasterOptions = {}): Toaster {
  const { parent = document.body, limit = 3, clock = Date.now } = options
  let state: ToastState = createToastState(clock())
  let timer: ReturnType<typeof setTimeout> | undefined
  let expanded = false
  let counter = 0
  let focusBefore: Element | null = null
  const announced = new Map<string, number>()
  const stop = new AbortController()

  const polite = h('div', { class: 'cw-visually-hidden', attrs: { role: 'status', 'aria-live': 'polite' } })
  const assertive = h('div', {
    class: 'cw-visually-hidden',
    attrs: { role: 'alert', 'aria-live': 'assertive' },
  })
  const list = h('ol', { class: 'cw-toasts__list' })
  const more = h('button', { class: 'cw-toasts__more', attrs: { type: 'button', hidden: true } })
  const region = h(
    'section',
    { class: 'cw-toasts', attrs: { 'aria-label': 'Messages', tabindex: -1 } },
    polite,
    assertive,
    more,
    list,
  )

  const frame = oncePerFrame(render)

  function change(next: ToastState): void {
    state = next
    frame.request()
    clearTimeout(timer)
    const wait = nextExpiry(state)
    // setTimeout holds at most 2^31 - 1 ms; waking early does no harm.
    if (wait !== null) timer = setTimeout(() => change(elapse(state, clock())), Math.min(wait, 2 ** 31 - 1))
  }

  function render(): void {
    if (state.toasts.length <= limit) expanded = false
    const visible = expanded ? state.toasts : state.toasts.slice(0, limit)
    const hidden = state.toasts.length - visible.length
    more.hidden = hidden === 0
    region.classList.toggle('is-expanded', expanded)
    setText(more, `${hidden} more`)
    const hadFocus = list.contains(document.activeElement)
    // The newest is nearest to the corner and last in reading order.
    reconcile(list, visible.toReversed(), {
      key: (toast) => toast.key,
      create: (toast) => createToastElement(toast, () => remove(toast.key)),
      update: updateToastElement,
    })
    for (const toast of state.toasts) announce(toast)
    for (const key of announced.keys()) {
      if (!state.toasts.some((toast) => toast.key === key)) announced.delete(key)
    }
    if (hadFocus && !list.contains(document.activeElement)) moveFocus()
  }

  function announce(toast: Toast): void {
    if (announced.get(toast.key) === toast.revision) return
    announced.set(toast.key, toast.revision)
    const text = h('p', {}, toast.message === '' ? toast.title : `${toast.title}. ${toast.message}`)
    ;(toast.type === 'error' ? assertive : polite).replaceChildren(text)
  }

  /** The toast with the focus has gone: on to the next one, or back to where the focus came from. */
  function moveFocus(): void {
    const next = list.querySelector('button')
    if (next !== null) next.focus()
    else if (focusBefore instanceof HTMLElement && focusBefore.isConnected) focusBefore.focus()
  }

  function remove(key: string): void {
    change(dismiss(state, key, clock()))
  }

  function hold(reason: PauseReason, on: boolean): void {
    if (state.pausedBy.has(reason) !== on) change((on ? pause : resume)(state, reason, clock()))
  }

  const listen = { signal: stop.signal }
  region.addEventListener('pointerenter', () => hold('hover', true), listen)
  region.addEventListener(
    'pointerleave',
    () => {
      expanded = false
      frame.request()
      hold('hover', false)
    },
    listen,
  )
  region.addEventListener(
    'focusin',
    (event) => {
      if (!(event.relatedTarget instanceof Node && region.contains(event.relatedTarget))) {
        focusBefore = event.relatedTarget instanceof Element ? event.relatedTarget : null
      }
      hold('focus', true)
    },
    listen,
  )
  region.addEventListener(
    'focusout',
    (event) => {
      if (!(event.relatedTarget instanceof Node && region.contains(event.relatedTarget))) hold('focus', false)
    },
    listen,
  )
  more.addEventListener(
    'click',
    () => {
      expanded = true
      render()
      list.querySelector('button')?.focus()
    },
    listen,
  )
  document.addEventListener('visibilitychange', () => hold('hidden', document.hidden), listen)
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      const focused = document.activeElement?.closest('[data-toast]')
      const elsewhere = document.activeElement !== null && document.activeElement !== document.body
      const target = focused ?? (elsewhere && !region.matches(':hover') ? null : list.lastElementChild)
      const key = target instanceof HTMLElement ? target.dataset.toast : undefined
      if (key !== undefined) remove(key)
    },
    listen,
  )

  parent.append(region)
  hold('hidden', document.hidden)

  const toaster: Toaster = {
    show(toast) {
      const key = toast.key ?? `toast-${++counter}`
      change(show(state, { ...toast, key }, clock()))
      return key
    },
    showToast(title, message, type = 'info', durationMs) {
      return toaster.show({ title, message, type, ...(durationMs === undefined ? {} : { durationMs }) })
    },
    dismiss: remove,
    destroy() {
      stop.abort()
      clearTimeout(timer)
      frame.cancel()
      region.remove()
    },
  }
  return toaster
}

function createToastElement(toast: Toast, onClose: () => void): HTMLElement {
  return h(
    'li',
    { class: 'cw-toast', attrs: { 'data-toast': toast.key } },
    h('span', { class: 'cw-toast__icon' }),
    h(
      'div',
      { class: 'cw-toast__text' },
      h('p', { class: 'cw-toast__title' }),
      h('p', { class: 'cw-toast__message' }),
      h('div', { class: 'cw-toast__bar', attrs: { 'aria-hidden': 'true' } }, h('div', {})),
    ),
    h(
      'button',
      { class: 'cw-toast__close', attrs: { type: 'button' }, on: { click: onClose } },
      svgIcon(CLOSE_ICON, 'cw-icon'),
    ),
  )
}

function updateToastElement(element: HTMLElement, toast: Toast): void {
  if (element.dataset.type !== toast.type) {
    element.dataset.type = toast.type
    element.querySelector('.cw-toast__icon')?.replaceChildren(svgIcon(ICONS[toast.type], 'cw-icon'))
  }
  for (const [selector, text] of [
    ['.cw-toast__title', toast.title],
    ['.cw-toast__message', toast.message],
  ] as const) {
    const target = element.querySelector<HTMLElement>(selector)
    if (target === null) continue
    setText(target, text)
    target.hidden = text === ''
  }
  element.querySelector('.cw-toast__close')?.setAttribute('aria-label', `Dismiss: ${toast.title}`)
  const bar = element.querySelector<HTMLElement>('.cw-toast__bar')
  if (bar === null) return
  bar.hidden = toast.progress === null
  bar.style.setProperty('--cw-progress', String((toast.progress ?? 0) / 100))
}
