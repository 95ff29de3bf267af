/**
 * The lifetime of toasts: a pure store with the clock passed in.
 *
 *   show ──> visible ──────────── time is up, dismiss ──> gone
 *              │  ^
 *        pause │  │ resume        (hover, focus, hidden page; paused while at least one of them holds)
 *              v  │
 *            paused
 *
 * A toast with a key is updated in place: a job has one toast from start to end.
 */

export const TOAST_TYPES = ['success', 'error', 'info', 'warning'] as const

export type ToastType = (typeof TOAST_TYPES)[number]

/** A button, or with `href` a link. Using the action dismisses the toast. */
export interface ToastAction {
  label: string
  /** `http:`, `https:`, `blob:` or within the page; another address leaves the action out. */
  href?: string
  /** Saves what `href` leads to under this name instead of opening it, where the server allows. */
  download?: string
  run?: () => void
}

export interface ToastContent {
  title: string
  message: string
  type: ToastType
  /** 0 to 100; null for no bar. */
  progress: number | null
  actions: readonly ToastAction[]
}

export interface Toast extends ToastContent {
  key: string
  /** Milliseconds left while not paused; null: stays until dismissed. */
  remaining: number | null
  /** Grows with each change that is announced; progress is not announced. */
  revision: number
  /** Called when a person dismisses the toast, not when its time is up. */
  onDismiss: (() => void) | undefined
}

export interface ToastState {
  /** Newest first. */
  readonly toasts: readonly Toast[]
  readonly pausedBy: ReadonlySet<PauseReason>
  /** When `remaining` was last brought up to date. */
  readonly at: number
}

export type PauseReason = 'hover' | 'focus' | 'hidden'

export interface ShowToast extends Partial<ToastContent> {
  title: string
  /** Replaces the toast with this key in place. Default: a new toast. */
  key?: string
  /** Milliseconds; null, 0 and Infinity stay until dismissed. Default 5000, with actions 10000; errors stay. */
  durationMs?: number | null
  onDismiss?: () => void
}

/** Milliseconds a toast stays, errors excepted. */
export const DEFAULT_DURATION = 5_000

/** Milliseconds that a toast with actions stays: reading and clicking takes longer. */
export const DURATION_WITH_ACTIONS = 10_000

/** Number of toasts, beyond which the oldest are dropped. */
export const LARGEST_COUNT = 100

export function createToastState(now: number): ToastState {
  return { toasts: [], pausedBy: new Set(), at: now }
}

export function show(state: ToastState, toast: ShowToast & { key: string }, now: number): ToastState {
  const current = elapse(state, now)
  const content = contentOf(toast)
  const given = { ...content, remaining: durationOf(toast, content), onDismiss: toast.onDismiss }
  const existing = current.toasts.find(({ key }) => key === toast.key)
  if (existing === undefined) {
    const added: Toast = { ...given, key: toast.key, revision: 1 }
    return { ...current, toasts: [added, ...current.toasts].slice(0, LARGEST_COUNT) }
  }
  const told =
    existing.title === content.title && existing.message === content.message && existing.type === content.type
  const updated: Toast = { ...given, key: toast.key, revision: existing.revision + (told ? 0 : 1) }
  return { ...current, toasts: current.toasts.map((each) => (each === existing ? updated : each)) }
}

/** Pages in plain JavaScript may pass any value: wrong values become text or the default. */
function contentOf(toast: ShowToast): ToastContent {
  const { progress } = toast
  return {
    title: String(toast.title ?? ''),
    message: String(toast.message ?? ''),
    type: TOAST_TYPES.find((type) => type === toast.type) ?? 'info',
    progress:
      typeof progress === 'number' && Number.isFinite(progress) ? Math.min(100, Math.max(0, progress)) : null,
    actions: toast.actions ?? [],
  }
}

function durationOf({ durationMs }: ShowToast, { type, actions }: ToastContent): number | null {
  if (durationMs === null || durationMs === Number.POSITIVE_INFINITY || durationMs === 0) return null
  if (typeof durationMs === 'number' && durationMs > 0) return durationMs
  if (type === 'error') return null
  return actions.length > 0 ? DURATION_WITH_ACTIONS : DEFAULT_DURATION
}

export function dismiss(state: ToastState, key: string, now: number): ToastState {
  const current = elapse(state, now)
  return { ...current, toasts: current.toasts.filter((toast) => toast.key !== key) }
}

export function dismissAll(state: ToastState, now: number): ToastState {
  return { ...elapse(state, now), toasts: [] }
}

export function pause(state: ToastState, reason: PauseReason, now: number): ToastState {
  const current = elapse(state, now)
  return { ...current, pausedBy: new Set([...current.pausedBy, reason]) }
}

export function resume(state: ToastState, reason: PauseReason, now: number): ToastState {
  const current = elapse(state, now)
  return { ...current, pausedBy: new Set([...current.pausedBy].filter((each) => each !== reason)) }
}

/** Subtracts the time since the last call, and drops toasts whose time is up. */
export function elapse(state: ToastState, now: number): ToastState {
  const passed = state.pausedBy.size > 0 ? 0 : Math.max(0, now - state.at)
  const toasts = state.toasts
    .map((toast) => (toast.remaining === null ? toast : { ...toast, remaining: toast.remaining - passed }))
    .filter((toast) => toast.remaining === null || toast.remaining > 0)
  return { ...state, toasts, at: now }
}

/** Milliseconds until a toast runs out; null while none does. */
export function nextExpiry(state: ToastState): number | null {
  if (state.pausedBy.size > 0) return null
  const remaining = state.toasts.flatMap((toast) => (toast.remaining === null ? [] : [toast.remaining]))
  return remaining.length === 0 ? null : Math.min(...remaining)
}
