/** One toast's element, built once and updated in place. All content is set as text, never as markup. */

import { h, setText } from '../shared/dom.ts'
import { safeUrl } from '../shared/safe-url.ts'
import { reconcile, svgIcon } from './dom.ts'
import type { Toast, ToastAction, ToastType } from './store.ts'

export interface ToastHandlers {
  /** A person dismissed the toast. */
  dismiss(): void
  /** An action of the page threw. */
  failed(cause: unknown): void
}

const ICONS: Record<ToastType, readonly string[]> = {
  success: ['M3.5 8.5l3 3 6-7'],
  error: ['M8 4.5v4', 'M8 11.25v.01'],
  warning: ['M8 4.5v4', 'M8 11.25v.01'],
  info: ['M8 7.5v4', 'M8 4.75v.01'],
}
/** Names of the types for screen readers, which cannot tell them by colour. */
const TYPE_NAMES: Record<ToastType, string> = {
  success: 'Success',
  error: 'Error',
  warning: 'Warning',
  info: 'Info',
}
const CLOSE_ICON = ['M4.5 4.5l7 7', 'M11.5 4.5l-7 7']

export class ToastElement {
  readonly element: HTMLLIElement
  readonly #handlers: ToastHandlers
  readonly #icon = h('span', { class: 'cw-toast__icon', attrs: { role: 'img' } })
  readonly #title = h('p', { class: 'cw-toast__title' })
  readonly #message = h('p', { class: 'cw-toast__message' })
  readonly #percent = h('span', { class: 'cw-toast__percent', attrs: { 'aria-hidden': 'true' } })
  readonly #bar = h(
    'div',
    { class: 'cw-toast__bar', attrs: { role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 } },
    h('div', {}),
  )
  readonly #actions = h('div', { class: 'cw-toast__actions' })
  readonly #close: HTMLButtonElement

  constructor(key: string, handlers: ToastHandlers) {
    this.#handlers = handlers
    this.#close = h(
      'button',
      { class: 'cw-toast__close', attrs: { type: 'button' }, on: { click: () => handlers.dismiss() } },
      svgIcon(CLOSE_ICON, 'cw-icon'),
    )
    this.element = h(
      'li',
      { class: 'cw-toast', attrs: { 'data-toast': key } },
      this.#icon,
      h(
        'div',
        { class: 'cw-toast__text' },
        h('div', { class: 'cw-toast__head' }, this.#title, this.#percent),
        this.#message,
        this.#bar,
        this.#actions,
      ),
      this.#close,
    )
  }

  update(toast: Toast): void {
    const { type, title, message, progress } = toast
    if (this.element.dataset.type !== type) {
      this.element.dataset.type = type
      this.#icon.replaceChildren(svgIcon(ICONS[type], 'cw-icon'))
      this.#icon.setAttribute('aria-label', TYPE_NAMES[type])
    }
    setText(this.#title, title)
    setText(this.#message, message)
    this.#title.hidden = title === ''
    this.#message.hidden = message === ''
    this.#close.setAttribute('aria-label', `Dismiss: ${title === '' ? message : title}`)

    this.#bar.hidden = progress === null
    this.#percent.hidden = progress === null
    if (progress !== null) {
      this.#bar.setAttribute('aria-label', title)
      this.#bar.setAttribute('aria-valuenow', String(Math.round(progress)))
      this.#bar.style.setProperty('--cw-progress', String(progress / 100))
      setText(this.#percent, `${Math.round(progress)} %`)
    }
    const actions = toast.actions.filter(({ href }) => href === undefined || safeUrl(href) !== null)
    this.#actions.hidden = actions.length === 0
    reconcile(this.#actions, actions, {
      key: ({ label, href, download }) => JSON.stringify([label, href, download]),
      create: (action) => this.#createAction(action),
      update: (element, action) => ACTIONS.set(element, action),
    })
  }

  #createAction({ label, href, download }: ToastAction): HTMLElement {
    const element =
      href === undefined
        ? h('button', { class: 'cw-toast__action', attrs: { type: 'button' } }, label)
        : h(
            'a',
            {
              class: 'cw-toast__action',
              attrs: {
                href,
                download: download ?? null,
                // A file opens in another tab; a link within the page opens in this one.
                target: href.startsWith('#') || download !== undefined ? null : '_blank',
                rel: 'noopener',
              },
            },
            label,
          )
    element.addEventListener('click', () => {
      try {
        ACTIONS.get(element)?.run?.()
      } catch (cause) {
        this.#handlers.failed(cause)
      }
      this.#handlers.dismiss()
    })
    return element
  }
}

/** Each button's present action: an update of the toast keeps the button and changes the action. */
const ACTIONS = new WeakMap<HTMLElement, ToastAction>()
