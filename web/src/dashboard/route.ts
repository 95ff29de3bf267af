/** Addresses of the dashboard: `#/` and `#/incidents/<id>`. */

/** The id in the address, whatever it is; null for the list. */
export function incidentIdOf(hash: string): string | null {
  const [, id] = /^#\/incidents\/([^/?#]+)/.exec(hash) ?? []
  return id ?? null
}
