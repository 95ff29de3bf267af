/** A UUID of version 4; unlike `crypto.randomUUID`, also for pages that came over plain HTTP. */
export function randomId(): string {
  const [...bytes] = crypto.getRandomValues(new Uint8Array(32))
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (place) => {
    const random = (bytes.pop() ?? 0) & 15
    return (place === 'x' ? random : (random & 3) | 8).toString(16)
  })
}
