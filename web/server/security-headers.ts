/** Headers of the built dashboard: no inline scripts or styles, and requests to the own origin and the backend only. */

/** @param supabaseUrl the backend, allowed for requests, sockets, pictures and recordings. */
export function securityHeaders(supabaseUrl: string): Record<string, string> {
  const backend = new URL(supabaseUrl)
  const socket = `${backend.protocol === 'https:' ? 'wss' : 'ws'}://${backend.host}`
  const policy: Record<string, string> = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'font-src': "'self'",
    'img-src': `'self' ${backend.origin}`,
    'media-src': backend.origin,
    'connect-src': `'self' ${backend.origin} ${socket}`,
    'base-uri': "'none'",
    'form-action': "'self'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
  }
  return {
    'content-security-policy': Object.entries(policy)
      .map(([directive, value]) => `${directive} ${value}`)
      .join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}
