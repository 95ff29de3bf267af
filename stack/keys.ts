/**
 * The embedded stack's secrets: generated on the first start into `<dataDir>/keys.json`, kept afterwards.
 * The file is written once, atomically, and readable by its owner only.
 */

import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { AppError } from '../functions-shared/app-error.ts'
import { generateApiKey } from './keys/api-key.ts'
import { parseKeys } from './keys/parse.ts'
import { mintToken } from './keys/tokens.ts'
import type { StackKeys } from './types.ts'

export { mintToken, type TokenFailure, verifyToken } from './keys/tokens.ts'

export const KEYS_FILE = 'keys.json'

/** Seconds; legacy-style API keys are tokens that live ten years. */
const API_TOKEN_LIFETIME = 10 * 365 * 24 * 60 * 60

/**
 * The keys of `dataDir`; made when there are none. Several processes may call it at once: all get the same keys.
 * @throws AppError `keys_file_invalid` when the file exists but cannot be used; `details` name file and field.
 */
export async function loadOrCreateKeys(dataDir: string): Promise<StackKeys> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, KEYS_FILE)
  const existing = await readIfThere(path)
  if (existing !== undefined) return parseFile(path, existing)

  await createFile(path, `${JSON.stringify(await generateKeys(), null, 2)}\n`)
  // Read back rather than returned: another process may have been first.
  return parseFile(path, await readFile(path, 'utf8'))
}

/** A full set of new keys, unrelated to any file. */
export async function generateKeys(): Promise<StackKeys> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const kid = crypto.randomUUID()
  const signingKey: JWK = { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' }
  const { d: _private, ...publicKey } = signingKey
  const signer = { signingKey }
  return {
    publishableKey: generateApiKey('publishable'),
    secretKey: generateApiKey('secret'),
    anonKey: await mintToken(signer, { iss: 'supabase', role: 'anon' }, { expiresIn: API_TOKEN_LIFETIME }),
    serviceRoleKey: await mintToken(
      signer,
      { iss: 'supabase', role: 'service_role' },
      { expiresIn: API_TOKEN_LIFETIME },
    ),
    signingKey,
    jwks: { keys: [publicKey] },
    dbPassword: randomBytes(24).toString('hex'),
    vaultKey: randomBytes(32).toString('hex'),
    typeformSecret: randomBytes(32).toString('base64url'),
    demoPassword: `demo-${randomBytes(9).toString('base64url')}`,
  }
}

async function parseFile(path: string, text: string): Promise<StackKeys> {
  const parsed = await parseKeys(text)
  if (!parsed.ok) {
    throw new AppError('keys_file_invalid', { details: { file: path, reason: parsed.reason } })
  }
  await chmod(path, 0o600)
  return parsed.keys
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Writes a private file beside it and links it into place: complete or absent, and the first one wins. */
async function createFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(temporary, path)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    await unlink(temporary)
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
