/** Listens to the frames of a supabase-js client: phoenix, beneath it, has a place for one logger. */

/** @param kind `push`, `receive`, `transport`, `channel` or `error`. @param data the payload, tokens left out. */
export type FrameListener = (kind: string, text: string, data: unknown) => void

/** A logger of the page goes on hearing. @returns whether this supabase-js has such a place. */
export function tapFrames(realtime: object, listener: FrameListener): boolean {
  // Not part of its types; a version that has moved it only leaves the frames out.
  const socket: unknown = Reflect.get(Object(Reflect.get(realtime, 'socketAdapter')), 'socket')
  if (typeof socket !== 'object' || socket === null || !('logger' in socket)) return false
  const { logger: previous } = socket
  socket.logger = (kind: string, text: string, data: unknown) => {
    if (typeof previous === 'function') previous(kind, text, data)
    listener(kind, text.replace(/apikey=[^&]+/, 'apikey=…'), withoutToken(data))
  }
  return true
}

/** A payload that may be shown. */
export function withoutToken(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'access_token' in data
    ? { ...data, access_token: '…' }
    : data
}
