/** Work that goes on after the response. The platform keeps the worker alive until it has ended. */

interface EdgeRuntimeGlobal {
  waitUntil(promise: Promise<unknown>): void
}

declare global {
  var EdgeRuntime: EdgeRuntimeGlobal | undefined
}

export type RunInBackground = (work: Promise<unknown>) => void

/** `work` must not reject. Outside the Edge Runtime, e.g. in tests, the work runs without being kept alive. */
export const runInBackground: RunInBackground = (work) => {
  globalThis.EdgeRuntime?.waitUntil(work)
}
