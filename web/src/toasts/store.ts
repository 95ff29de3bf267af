/**
 * The lifetime of toasts: a pure store with the clock passed in.
 *
 *   show ──> visible ──────────── time is up, dismiss ──> gone
 *              │  ^
 *        pause │  │ resume        (hover, focus, hidden page: time stands still while any reason holds)
 *              v  │
 *            paused
 *
 * A toast with a key is updated in place: a job has one toast from start to end.
 */

export type ToastType = 'success' | 'error' | 'info' | 'warning'

export interface ToastContent {
  title: string
  message: string
  type: ToastType
  /** 0 to 100; null for no bar. */
  progress: number | null
}

export interface Toast extends ToastContent {
  key: string
  /** Milliseconds left while time runs; null stays until dismissed. */
  remaining: number | null
  /** Grows with each change that people should be told of; progress is none. */
  revision: number
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
  /** Replaces the toast with this key, where it stands. Default: a toast of its own. */
  key?: string
  /** Milliseconds; null stays until dismissed. Default 5000; errors stay. */
  durationMs?: number | null
}

/** Milliseconds a toast stays, errors excepted. */
export const DEFAULT_DURATION = 5_000

/** Beyond this the oldest are dropped: toasts are no record. */
export const LARGEST_COUNT = 100

export function createToastState(now: number): ToastState {
  return { toasts: [], pausedBy: new Set(), at: now }
}

export function show(state: ToastState, toast: ShowToast & { key: string }, now: number): ToastState {
  const current = elapse(state, now)
  const type = toast.type ?? 'info'
  const content: ToastContent = {
    title: toast.title,
    message: toast.message ?? '',
    type,
    progress: toast.progress ?? null,
  }
  const durationMs =
    toast.durationMs === undefined ? (type === 'error' ? null : DEFAULT_DURATION) : toast.durationMs
  const existing = current.toasts.find(({ key }) => key === toast.key)
  if (existing === undefined) {
    const added: Toast = { ...content, key: toast.key, remaining: durationMs, revision: 1 }
    return { ...current, toasts: [added, ...current.toasts].slice(0, LARGEST_COUNT) }
  }
  const told =
    existing.title === content.title && existing.message === content.message && existing.type === type
  const updated: Toast = {
    ...content,
    key: toast.key,
    remaining: durationMs,
    revision: existing.revision + (told ? 0 : 1),
  }
  return { ...current, toasts: current.toasts.map((each) => (each === existing ? updated : each)) }
}

export function dismiss(state: ToastState, key: string, now: number): ToastState {
  const current = elapse(state, now)
  return { ...current, toasts: current.toasts.filter((toast) => toast.key !== key) }
}

export function pause(state: ToastState, reason: PauseReason, now: number): ToastState {
  const current = elapse(state, now)
  return { ...current, pausedBy: new Set([...current.pausedBy, reason]) }
}

export function resume(state: ToastState, reason: PauseReason, now: number): ToastState {
  const current = elapse(state, now)
  return { ...current, pausedBy: new Set([...current.pausedBy].filter((each) => each !== reason)) }
}

/** Lets the time since the last call pass, and drops what has run out. */
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
