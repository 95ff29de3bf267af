/** Listens to the frames of a supabase-js client, through the one logger of phoenix beneath it. */

/** @param kind `push`, `receive`, `transport`, `channel` or `error`. @param data the payload, tokens left out. */
export type FrameListener = (kind: string, text: string, data: unknown) => void

/** The page's own logger is still called. @returns whether this version of supabase-js has the logger. */
export function tapFrames(realtime: object, listener: FrameListener): boolean {
  // Not part of the public types. A version without this property logs no frames.
  const socket: unknown = Reflect.get(Object(Reflect.get(realtime, 'socketAdapter')), 'socket')
  if (typeof socket !== 'object' || socket === null || !('logger' in socket)) return false
  const { logger: previous } = socket
  socket.logger = (kind: string, text: string, data: unknown) => {
    if (typeof previous === 'function') previous(kind, text, data)
    listener(kind, text.replace(/apikey=[^&]+/, 'apikey=…'), withoutToken(data))
  }
  return true
}

/** The payload without its access token, for logs. */
export function withoutToken(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'access_token' in data
    ? { ...data, access_token: '…' }
    : data
}
