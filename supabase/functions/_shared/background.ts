/** Work that goes on after the response: the platform keeps the worker alive until it has ended. */

interface EdgeRuntimeGlobal {
  waitUntil(promise: Promise<unknown>): void
}

declare global {
  var EdgeRuntime: EdgeRuntimeGlobal | undefined
}

export type RunInBackground = (work: Promise<unknown>) => void

/** `work` must not reject. Outside the Edge Runtime it simply runs. */
export const runInBackground: RunInBackground = (work) => {
  globalThis.EdgeRuntime?.waitUntil(work)
}
