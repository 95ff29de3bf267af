/** The services behind the gateway, and the rules that the gateway checks for each. */

export const SERVICE_NAMES = ['rest', 'auth', 'storage', 'realtime', 'functions'] as const

export type ServiceName = (typeof SERVICE_NAMES)[number]

interface ServiceRules {
  /** Bytes. A service without a limit here has limits of its own, and gets bodies as streams. */
  bodyLimit?: number
  /** Whether an address needs no API key: it carries a proof of its own, such as a token, or is public. */
  isOpen(method: string, path: string): boolean
}

const MEGABYTE = 1024 * 1024

export const SERVICE_RULES: Readonly<Record<ServiceName, ServiceRules>> = {
  rest: { bodyLimit: 32 * MEGABYTE, isOpen: () => false },
  auth: {
    bodyLimit: MEGABYTE,
    // Health, public keys, and addresses that a browser opens from a mail or a provider.
    isOpen: (_method, path) => /^\/(health|verify|authorize|callback|\.well-known\/.+)$/.test(path),
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
