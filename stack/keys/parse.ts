/** Reads `keys.json` and checks every field, so that no user of the keys has to check them again. */

import type { JWK } from 'jose'
import * as v from 'valibot'
import { isRecord } from '../../functions-shared/unknown.ts'
import type { StackKeys } from '../types.ts'
import { type ApiKeyKind, apiKeyKind } from './api-key.ts'
import { mintToken, verifyToken } from './tokens.ts'

export type ParsedKeys = { ok: true; keys: StackKeys } | { ok: false; reason: string }

/** Each message follows the name of its field. */
const Secret = v.pipe(v.string('is missing or too short'), v.minLength(8, 'is missing or too short'))

function apiKey(kind: ApiKeyKind) {
  return v.pipe(
    Secret,
    v.check((key) => apiKeyKind(key) === kind, `is not a ${kind} key`),
  )
}

/** A copy, so that unknown members of the key survive. */
const Es256Key = v.pipe(
  v.custom<JWK>(isRecord, 'is not an object'),
  v.check(({ kty, crv }) => kty === 'EC' && crv === 'P-256', 'is not a P-256 key'),
  v.check(({ kid }) => typeof kid === 'string' && kid !== '', 'has no kid'),
)

const KeysFile = v.object(
  {
    publishableKey: apiKey('publishable'),
    secretKey: apiKey('secret'),
    anonKey: Secret,
    serviceRoleKey: Secret,
    signingKey: v.pipe(
      Es256Key,
      v.check(({ d }) => typeof d === 'string', 'has no private part'),
    ),
    jwks: v.object(
      {
        keys: v.pipe(
          v.array(
            v.pipe(
              Es256Key,
              v.check(({ d }) => d === undefined, 'contains a private key'),
            ),
            'has no keys',
          ),
          v.minLength(1, 'has no keys'),
        ),
      },
      'is not an object',
    ),
    dbPassword: Secret,
    vaultKey: v.pipe(Secret, v.regex(/^[0-9a-f]{64}$/, 'is not 32 bytes in hex')),
    typeformSecret: Secret,
    demoPassword: Secret,
  },
  'is missing or too short',
)

/** `reason` names the field and its fault; it never repeats a secret. */
export async function parseKeys(text: string): Promise<ParsedKeys> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, reason: 'the file is not valid JSON' }
  }
  if (!isRecord(value)) return { ok: false, reason: 'the file is not an object' }
  const result = v.safeParse(KeysFile, value)
  if (!result.success) {
    const [issue] = result.issues
    return { ok: false, reason: `${String(issue.path?.[0].key ?? 'the file')} ${issue.message}` }
  }
  const keys = result.output
  const reason =
    (await pairFault(keys)) ??
    (await roleFault(keys, 'anonKey', 'anon')) ??
    (await roleFault(keys, 'serviceRoleKey', 'service_role'))
  return reason === undefined ? { ok: true, keys } : { ok: false, reason }
}

/** The public keys must accept what the private key signs. */
async function pairFault(keys: StackKeys): Promise<string | undefined> {
  let token: string
  try {
    token = await mintToken(keys, {})
  } catch {
    return 'signingKey is not a usable ES256 key'
  }
  return (await verifyToken(keys, token)).ok
    ? undefined
    : 'jwks does not contain the public part of signingKey'
}

async function roleFault(
  keys: StackKeys,
  field: 'anonKey' | 'serviceRoleKey',
  role: string,
): Promise<string | undefined> {
  const verdict = await verifyToken(keys, keys[field])
  if (!verdict.ok)
    return `${field} is ${verdict.failure === 'expired' ? 'expired' : 'not signed by signingKey'}`
  return verdict.claims.role === role ? undefined : `${field} does not carry the role ${role}`
}
