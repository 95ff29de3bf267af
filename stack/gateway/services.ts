/** The services behind the gateway, and what each asks of a request before the request gets there. */

export const SERVICE_NAMES = ['rest', 'auth', 'storage', 'realtime', 'functions'] as const

export type ServiceName = (typeof SERVICE_NAMES)[number]

interface ServiceRules {
  /** Bytes; without a limit here the service has limits of its own, and bodies are streamed to it. */
  bodyLimit?: number
  /** Addresses below the service's prefix that need no API key: they carry a proof of their own, or need none. */
  isOpen(method: string, path: string): boolean
}

const MEGABYTE = 1024 * 1024

export const SERVICE_RULES: Readonly<Record<ServiceName, ServiceRules>> = {
  rest: { bodyLimit: 32 * MEGABYTE, isOpen: () => false },
  auth: {
    bodyLimit: MEGABYTE,
    isOpen: (_method, path) => path === '/health' || path === '/.well-known/jwks.json',
  },
  storage: { isOpen: isOpenStorageAddress },
  realtime: { bodyLimit: 4 * MEGABYTE, isOpen: () => false },
  functions: { isOpen: () => true },
}

function isOpenStorageAddress(method: string, path: string): boolean {
  // Clients of the S3 protocol sign requests in their own way; Storage tells them that the protocol is absent.
  if (path.startsWith('/s3')) return true
  if (method === 'PUT') return path.startsWith('/object/upload/sign/')
  if (method !== 'GET' && method !== 'HEAD') return false
  return /^\/(object\/(public|sign|info\/public)|render\/image\/(public|sign))\/|^\/status$/.test(path)
}
