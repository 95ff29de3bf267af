/** Which address belongs to which service, and what it takes to get there. */

const SERVICE_NAMES = ['rest', 'auth', 'storage', 'realtime', 'functions'] as const

export type ServiceName = (typeof SERVICE_NAMES)[number]

export interface Route {
  service: ServiceName
  /** Path after the service's prefix, starting with `/`. */
  path: string
  /** Whether the API key is checked here. Functions check for themselves. */
  open: boolean
  /** Bytes; `undefined` leaves it to the service. */
  bodyLimit: number | undefined
  /** Whether preflights and CORS headers are the gateway's; functions answer for themselves, as on hosted Supabase. */
  cors: boolean
}

export const REALTIME_SOCKET_PATH = '/realtime/v1/websocket'

const MEGABYTE = 1024 * 1024

const RULES: Readonly<
  Record<
    ServiceName,
    Omit<Route, 'service' | 'path' | 'open'> & { open: (method: string, path: string) => boolean }
  >
> = {
  rest: { bodyLimit: 32 * MEGABYTE, cors: true, open: () => false },
  auth: {
    bodyLimit: MEGABYTE,
    cors: true,
    open: (_method, path) => path === '/health' || path === '/.well-known/jwks.json',
  },
  storage: { bodyLimit: undefined, cors: true, open: isOpenStorageAddress },
  realtime: { bodyLimit: 4 * MEGABYTE, cors: true, open: () => false },
  functions: { bodyLimit: undefined, cors: false, open: () => true },
}

/** Addresses that carry their own proof, or need none. */
function isOpenStorageAddress(method: string, path: string): boolean {
  if (method === 'PUT') return path.startsWith('/object/upload/sign/')
  if (method !== 'GET' && method !== 'HEAD') return false
  return /^\/(object\/(public|sign|info\/public)|render\/image\/(public|sign))\/|^\/status$/.test(path)
}

export function findRoute(method: string, pathname: string): Route | undefined {
  for (const service of SERVICE_NAMES) {
    const prefix = `/${service}/v1`
    if (pathname !== prefix && !pathname.startsWith(`${prefix}/`)) continue
    const path = pathname.slice(prefix.length) || '/'
    const { open, bodyLimit, cors } = RULES[service]
    return { service, path, open: open(method, path), bodyLimit, cors }
  }
  return undefined
}
