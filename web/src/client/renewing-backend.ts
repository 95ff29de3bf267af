/**
 * Renews a token that the server takes for expired, and repeats the request once. The server's clock counts: on a device
 * whose clock is behind, or was set back, supabase-js takes the token for good until long after its end.
 *
 *   request ──> 401 ──> renewal, one for all requests ──> the request again
 */

import type { BackendAnswer, BackendQuery, BackendRequest, DataBackend } from './backend.ts'
import type { Clock } from './ports.ts'

/** Milliseconds after a renewal in which a refused request was sent with the earlier token. */
const JUST_RENEWED = 10_000

/** The requests to the database of a backend, which are repeated after a renewal. */
export function withRenewal<B extends Pick<DataBackend, 'auth' | 'rpc' | 'from'>>(
  backend: B,
  clock: Clock,
): Pick<B, 'auth'> & Pick<DataBackend, 'rpc' | 'from'> {
  const renew = renewal(backend.auth, clock)
  return {
    auth: backend.auth,
    rpc: (name, args) => repeated(() => backend.rpc(name, args), renew),
    from: (table) => ({
      select: (columns) => new RepeatedQuery(() => backend.from(table).select(columns), renew),
    }),
  }
}

/** @returns whether a request that was refused may be sent again. */
type Renew = () => Promise<boolean>

function renewal(auth: DataBackend['auth'], clock: Clock): Renew {
  let renewing: Promise<boolean> | null = null
  let renewedAt = Number.NEGATIVE_INFINITY

  async function renewNow(): Promise<boolean> {
    if (auth.refreshSession === undefined) return false
    const { data, error } = await auth.refreshSession()
    if (error !== null || data.session === null) return false
    renewedAt = clock()
    return true
  }

  return async () => {
    if (Math.abs(clock() - renewedAt) < JUST_RENEWED) return true
    renewing ??= renewNow().finally(() => {
      renewing = null
    })
    return renewing
  }
}

function repeated(create: () => BackendRequest, renew: Renew): BackendRequest {
  return {
    abortSignal: async (signal): Promise<BackendAnswer> => {
      const answer = await create().abortSignal(signal)
      return answer.status === 401 && (await renew()) ? create().abortSignal(signal) : answer
    },
  }
}

class RepeatedQuery implements BackendQuery {
  #create: () => BackendQuery
  readonly #renew: Renew

  constructor(create: () => BackendQuery, renew: Renew) {
    this.#create = create
    this.#renew = renew
  }

  filter(column: string, operator: 'eq' | 'gt', value: string | number): this {
    return this.#add((query) => query.filter(column, operator, value))
  }

  order(column: string): this {
    return this.#add((query) => query.order(column))
  }

  limit(count: number): this {
    return this.#add((query) => query.limit(count))
  }

  #add(step: (query: BackendQuery) => BackendQuery): this {
    const create = this.#create
    this.#create = () => step(create())
    return this
  }

  abortSignal(signal: AbortSignal): PromiseLike<BackendAnswer> {
    return repeated(this.#create, this.#renew).abortSignal(signal)
  }
}
