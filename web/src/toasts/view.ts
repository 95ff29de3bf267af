/**
 * Shows toasts as a stack in the corner:
 *
 *   collapsed   the newest in full, the ones before it peek out behind; "n more"
 *      │ ^      pointer over it, focus in it (Alt+T), or a tap
 *      v │      pointer and focus elsewhere, Escape, a tap elsewhere
 *   expanded    all of them, scrollable; "Dismiss all"
 */

import { h, setText } from '../shared/dom.ts'
import { plural } from '../shared/format.ts'
import { motionAllowed, moveSmoothly, prepareFade } from '../shared/motion.ts'
import { createAnnouncer } from './announcer.ts'
import { oncePerFrame, reconcile } from './dom.ts'
import {
  createToastState,
  dismiss,
  dismissAll,
  elapse,
  nextExpiry,
  type PauseReason,
  pause,
  resume,
  type ShowToast,
  show,
  type ToastState,
  type ToastType,
} from './store.ts'
import { swipeAway } from './swipe.ts'
import { ToastElement } from './toast-element.ts'
import { keepOnTop } from './top-layer.ts'

export interface ToasterOptions {
  /** Default `document.body`. */
  parent?: HTMLElement
  /** Toasts of the collapsed stack; older toasts are counted in "n more". Default 3. */
  limit?: number
  /** With Alt moves the focus to the toasts: a `KeyboardEvent.code`. Default `KeyT`; null for none. */
  hotkey?: string | null
  /** Name of the region for screen readers. Default "Messages". */
  label?: string
  /** Milliseconds that only grow. Default `performance.now`. */
  clock?: () => number
}

export interface Toaster {
  /** @returns the toast's key, for updating and dismissing it. */
  show(toast: ShowToast): string
  /** Shorthand of `show`. Errors stay until dismissed unless a duration is given; other toasts default to 5000 ms. */
  showToast(title: string, message: string, type?: ToastType, durationMs?: number): string
  dismiss(key: string): void
  destroy(): void
}

export function createToaster(options: ToasterOptions = {}): Toaster {
  const {
    parent = document.body,
    limit = 3,
    hotkey = 'KeyT',
    label = 'Messages',
    clock = () => performance.now(),
  } = options
  let state: ToastState = createToastState(clock())
  let timer: ReturnType<typeof setTimeout> | undefined
  let tapped = false
  let expanded = false
  let counter = 0
  let focusBefore: Element | null = null
  const announced = new Map<string, number>()
  const elements = new Map<string, ToastElement>()
  const stop = new AbortController()
  const listen = { signal: stop.signal }

  const announcer = createAnnouncer()
  const list = h('ol', { class: 'cw-toasts__list' })
  const more = h('button', { class: 'cw-toasts__chip', attrs: { type: 'button', hidden: true } })
  const clear = h(
    'button',
    { class: 'cw-toasts__chip', attrs: { type: 'button', hidden: true }, on: { click: removeAll } },
    'Dismiss all',
  )
  const region = h(
    'section',
    {
      class: 'cw-toasts',
      attrs: {
        'aria-label': hotkey === null ? label : `${label} (Alt+${hotkey.replace(/^Key/, '')})`,
        tabindex: -1,
      },
    },
    announcer.element,
    h('div', { class: 'cw-toasts__bar' }, more, clear),
    list,
  )
  const layer = keepOnTop(region, parent)
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
    const { toasts, pausedBy } = state
    if (toasts.length === 0) tapped = false
    const expand = toasts.length > 1 && (tapped || pausedBy.has('hover') || pausedBy.has('focus'))
    const opening = expand && !expanded
    expanded = expand
    layer.raise()
    const shown = expanded ? toasts : toasts.slice(0, limit)
    // Only the newest toast of the collapsed stack is readable.
    const behind = expanded ? [] : toasts.slice(1)
    const errors = behind.filter(({ type }) => type === 'error').length
    more.hidden = behind.length === 0
    setText(more, `${behind.length} more${errors === 0 ? '' : `, ${plural(errors, 'error')}`}`)
    more.dataset.tone = errors === 0 ? 'neutral' : 'error'
    clear.hidden = !expanded

    const hadFocus = list.contains(document.activeElement)
    const kept = new Set(shown.map(({ key }) => key))
    const present = [...elements]
    const leaving = present
      .filter(([key]) => !kept.has(key))
      .map(([key, { element }]) => ({ key, fade: prepareFade(element) }))
    moveSmoothly(
      present.map(([, { element }]) => element),
      () => {
        region.classList.toggle('is-expanded', expanded)
        for (const { key } of leaving) elements.delete(key)
        // The newest is nearest to the corner and last in reading order.
        reconcile(list, shown.toReversed(), {
          key: ({ key }) => key,
          create: ({ key }) => create(key).element,
          update: (element, toast) => {
            elements.get(toast.key)?.update(toast)
            element.dataset.depth = String(shown.indexOf(toast))
          },
        })
        if (opening) list.scrollTop = list.scrollHeight
      },
    )
    for (const { key, fade } of leaving) if (!toasts.some((toast) => toast.key === key)) fade()
    announceNews()
    if (hadFocus && !list.contains(document.activeElement)) moveFocus()
  }

  function create(key: string): ToastElement {
    const toast = new ToastElement(key, {
      dismiss: () => remove(key),
      // The error is reported as uncaught, and the toast is dismissed.
      failed: (cause) => reportError(cause),
    })
    elements.set(key, toast)
    swipeAway({ element: toast.element, away: () => remove(key), signal: stop.signal })
    if (motionAllowed()) {
      toast.element.animate([{ opacity: 0, translate: '0 16px', scale: 0.97 }, {}], {
        duration: 220,
        easing: 'cubic-bezier(0.2, 0.9, 0.3, 1)',
      })
    }
    return toast
  }

  function announceNews(): void {
    const news = state.toasts.filter(({ key, revision }) => announced.get(key) !== revision).toReversed()
    announced.clear()
    for (const { key, revision } of state.toasts) announced.set(key, revision)
    for (const urgent of [true, false]) {
      const texts = news
        .filter(({ type }) => (type === 'error') === urgent)
        .map(({ title, message }) => [title, message].filter((part) => part !== '').join('. '))
      announcer.announce(texts, urgent)
    }
  }

  /** The focused toast was removed: focus the next toast, or the element that had the focus before. */
  function moveFocus(): void {
    const next = [...list.querySelectorAll<HTMLElement>('[data-toast] .cw-toast__close')].at(-1)
    if (next !== undefined) next.focus()
    else returnFocus()
  }

  function returnFocus(): void {
    if (focusBefore instanceof HTMLElement && focusBefore.isConnected) focusBefore.focus()
    else if (document.activeElement instanceof HTMLElement && region.contains(document.activeElement))
      document.activeElement.blur()
    hold('focus', false)
  }

  /** A person dismissed the toast. */
  function remove(key: string): void {
    const toast = state.toasts.find((each) => each.key === key)
    change(dismiss(state, key, clock()))
    toast?.onDismiss?.()
  }

  function removeAll(): void {
    const { toasts } = state
    tapped = false
    change(dismissAll(state, clock()))
    for (const toast of toasts) toast.onDismiss?.()
    returnFocus()
  }

  function hold(reason: PauseReason, on: boolean): void {
    if (state.pausedBy.has(reason) !== on) change((on ? pause : resume)(state, reason, clock()))
  }

  /** Pauses for keyboard focus only: a click gives the focus, too. */
  function followFocus(): void {
    hold('focus', region.matches(':focus-visible') || region.querySelector(':focus-visible') !== null)
  }

  region.addEventListener(
    'pointerenter',
    ({ pointerType }) => hold('hover', pointerType !== 'touch' && state.toasts.length > 0),
    listen,
  )
  region.addEventListener('pointerleave', () => hold('hover', false), listen)
  region.addEventListener(
    'focusin',
    ({ relatedTarget }) => {
      if (relatedTarget instanceof Element && !region.contains(relatedTarget)) focusBefore = relatedTarget
      followFocus()
    },
    listen,
  )
  region.addEventListener(
    'focusout',
    ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && region.contains(relatedTarget))) hold('focus', false)
    },
    listen,
  )
  region.addEventListener(
    'click',
    () => {
      if (state.toasts.length > 1) tapped = true
      frame.request()
    },
    listen,
  )
  document.addEventListener(
    'pointerdown',
    ({ target }) => {
      if (!tapped || (target instanceof Node && region.contains(target))) return
      tapped = false
      frame.request()
    },
    listen,
  )
  more.addEventListener(
    'click',
    () => {
      tapped = true
      render()
      list.querySelector('button')?.focus()
    },
    listen,
  )
  document.addEventListener('visibilitychange', () => hold('hidden', document.hidden), listen)
  document.addEventListener('keydown', onKey, listen)

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented) return
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code === hotkey) {
      event.preventDefault()
      if (state.toasts.length === 0) announcer.announce(['No messages'], false)
      else if (!region.contains(document.activeElement)) region.focus()
      return
    }
    if (event.key !== 'Escape' || state.toasts.length === 0) return
    const { activeElement } = document
    const focused = activeElement?.closest<HTMLElement>('[data-toast]')?.dataset.toast
    if (focused !== undefined) remove(focused)
    else if (region.contains(activeElement)) returnFocus()
    else if (region.matches(':hover') || activeElement === null || activeElement === document.body) {
      const [newest] = state.toasts
      // An open dialog or menu is closed by Escape before a toast.
      if (
        newest === undefined ||
        document.querySelector('dialog[open], [popover]:popover-open:not(.cw-toasts)')
      )
        return
      remove(newest.key)
    } else return
    event.preventDefault()
  }

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
    dismiss(key) {
      if (state.toasts.some((toast) => toast.key === key)) change(dismiss(state, key, clock()))
    },
    destroy() {
      stop.abort()
      clearTimeout(timer)
      frame.cancel()
      announcer.destroy()
      layer.destroy()
    },
  }
  return toaster
}
