/** The name of a report's file, safe in Storage, in a header and on every disk. */

const MAX_SLUG = 60

/** E.g. `rear-end-collision-2026-11-20.pdf`: letters a to z, digits and hyphens. */
export function fileNameFor(title: string, occurredOn: string | null): string {
  const slug = title
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/[đĐ]/g, 'd')
    .replace(/[øØ]/g, 'o')
    .replace(/[łŁ]/g, 'l')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, '')
  const day = occurredOn === null ? '' : `-${occurredOn}`
  return `${slug === '' ? 'incident-report' : slug}${day}.pdf`
}
