/** What a request's address, headers and body say about objects. */

import { invalid, type JsonBody, optionalString, requiredString } from './body.ts'
import { decodePath, validKey } from './names.ts'
import type { Address } from './objects.ts'

/** The first part of a path and the rest. */
export function cut(path: string): [first: string, rest: string] {
  const slash = path.indexOf('/')
  return slash < 0 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)]
}

/** The bucket and, where the path goes on, the object. */
export function addressOf(rest: string): Address {
  const [bucket, name] = cut(rest)
  return { bucket: decodePath(bucket), name: decodePath(name) }
}

export function isUpsert(request: Request): boolean {
  return request.headers.get('x-upsert') === 'true'
}

export function tokenOf(query: URLSearchParams): string {
  const token = query.get('token')
  if (token === null || token === '') throw invalid("querystring must have required property 'token'")
  return token
}

export function transferOf(body: JsonBody): {
  from: Address
  to: Address
} {
  const bucket = requiredString(body, 'bucketId')
  return {
    from: { bucket, name: requiredString(body, 'sourceKey') },
    to: {
      bucket: optionalString(body, 'destinationBucket') ?? bucket,
      name: validKey(requiredString(body, 'destinationKey')),
    },
  }
}
