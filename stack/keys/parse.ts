/** Reads `keys.json` and checks every field; what is handed on can be used without a second look. */

import type { JWK } from 'jose'
import type { StackKeys } from '../types.ts'
import { type ApiKeyKind, apiKeyKind } from './api-key.ts'
import { mintToken, verifyToken } from './tokens.ts'

export type ParsedKeys = { ok: true; keys: StackKeys } | { ok: false; reason: string }

/** `reason` names the field and what is wrong with it; it never repeats a secret. */
export async function parseKeys(text: string): Promise<ParsedKeys> {
  try {
    return { ok: true, keys: await checkedKeys(text) }
  } catch (error) {
    if (error instanceof FieldError) return { ok: false, reason: error.message }
    throw error
  }
}

class FieldError extends Error {}

async function checkedKeys(text: string): Promise<StackKeys> {
  const fields = record(parseJson(text), 'the file')
  const signingKey = jwk(fields.signingKey, 'signingKey')
  if (typeof signingKey.d !== 'string') throw new FieldError('signingKey has no private part')
  const keys: StackKeys = {
    publishableKey: apiKey(fields, 'publishableKey', 'publishable'),
    secretKey: apiKey(fields, 'secretKey', 'secret'),
    anonKey: secret(fields, 'anonKey'),
    serviceRoleKey: secret(fields, 'serviceRoleKey'),
    signingKey,
    jwks: { keys: publicKeys(fields.jwks) },
    dbPassword: secret(fields, 'dbPassword'),
    vaultKey: hexKey(fields, 'vaultKey'),
    typeformSecret: secret(fields, 'typeformSecret'),
    demoPassword: secret(fields, 'demoPassword'),
  }
  await checkPair(keys)
  await checkRole(keys, 'anonKey', 'anon')
  await checkRole(keys, 'serviceRoleKey', 'service_role')
  return keys
}

/** The private key must sign what the public keys accept. */
async function checkPair(keys: StackKeys): Promise<void> {
  let token: string
  try {
    token = await mintToken(keys, {})
  } catch {
    throw new FieldError('signingKey is not a usable ES256 key')
  }
  if (!(await verifyToken(keys, token)).ok)
    throw new FieldError('jwks does not contain the public part of signingKey')
}

async function checkRole(keys: StackKeys, field: 'anonKey' | 'serviceRoleKey', role: string): Promise<void> {
  const verdict = await verifyToken(keys, keys[field])
  if (!verdict.ok)
    throw new FieldError(
      `${field} is ${verdict.failure === 'expired' ? 'expired' : 'not signed by signingKey'}`,
    )
  if (verdict.claims.role !== role) throw new FieldError(`${field} does not carry the role ${role}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FieldError('the file is not valid JSON')
  }
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FieldError(`${name} is not an object`)
  }
  return Object.fromEntries(Object.entries(value))
}

function secret(fields: Record<string, unknown>, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.length < 8) throw new FieldError(`${name} is missing or too short`)
  return value
}

function apiKey(fields: Record<string, unknown>, name: string, kind: ApiKeyKind): string {
  const value = secret(fields, name)
  if (apiKeyKind(value) !== kind) throw new FieldError(`${name} is not a ${kind} key`)
  return value
}

function hexKey(fields: Record<string, unknown>, name: string): string {
  const value = secret(fields, name)
  if (!/^[0-9a-f]{64}$/.test(value)) throw new FieldError(`${name} is not 32 bytes in hex`)
  return value
}

function jwk(value: unknown, name: string): JWK {
  const fields = record(value, name)
  if (fields.kty !== 'EC' || fields.crv !== 'P-256') throw new FieldError(`${name} is not a P-256 key`)
  const kid = fields.kid
  if (typeof kid !== 'string' || kid === '') throw new FieldError(`${name} has no kid`)
  return { ...fields, kid }
}

function publicKeys(value: unknown): JWK[] {
  const list = record(value, 'jwks').keys
  if (!Array.isArray(list) || list.length === 0) throw new FieldError('jwks has no keys')
  return list.map((entry: unknown) => {
    const key = jwk(entry, 'jwks')
    if (key.d !== undefined) throw new FieldError('jwks contains a private key')
    return key
  })
}
