import { DEFAULT_LIMITS, TYPEFORM_ORIGINS } from '../_shared/download/download.ts'
import { assertEquals, assertThrows } from '../_shared/testing/asserts.ts'
import { readConfig } from './config.ts'

const read = (env: Record<string, string>) => readConfig((name) => env[name])

Deno.test('every setting has a default', () => {
  const config = read({})
  assertEquals(config.download.limits, DEFAULT_LIMITS)
  assertEquals([...config.download.trustedOrigins], [])
  assertEquals(config.download.typeformToken, undefined)
  assertEquals(config.download.tokenOrigins, TYPEFORM_ORIGINS)
  assertEquals(config.memoryBytes, 256 * 1024 * 1024)
  assertEquals(config.publicUrl, undefined)
})

Deno.test('settings are read from the environment', () => {
  const config = read({
    DOWNLOAD_ALLOWED_ORIGINS: 'http://127.0.0.1:8080, https://files.test/ ,',
    DOWNLOAD_TIMEOUT_MS: '500',
    IMAGE_MEMORY_MB: '1024',
    TYPEFORM_ACCESS_TOKEN: ' token ',
    TYPEFORM_API_ORIGINS: 'https://api.later.typeform.test',
    SUPABASE_PUBLIC_URL: 'http://127.0.0.1:54321',
  })
  assertEquals([...config.download.trustedOrigins], ['http://127.0.0.1:8080', 'https://files.test'])
  const { totalMs, connectMs, stallMs } = config.download.limits
  assertEquals([totalMs, connectMs, stallMs], [500, 500, 500])
  assertEquals(config.memoryBytes, 1024 * 1024 * 1024)
  assertEquals(config.download.typeformToken, 'token')
  assertEquals(
    config.download.tokenOrigins,
    new Set([...TYPEFORM_ORIGINS, 'https://api.later.typeform.test']),
  )
  assertEquals(config.publicUrl, 'http://127.0.0.1:54321')
})

for (const env of [
  { DOWNLOAD_ALLOWED_ORIGINS: '*' },
  { DOWNLOAD_ALLOWED_ORIGINS: 'http://127.0.0.1:8080/path' },
  { DOWNLOAD_ALLOWED_ORIGINS: '127.0.0.1:8080' },
  { DOWNLOAD_TIMEOUT_MS: 'soon' },
  { DOWNLOAD_TIMEOUT_MS: '-1' },
  { IMAGE_MEMORY_MB: '0' },
  { TYPEFORM_API_ORIGINS: 'http://api.typeform.com' },
  { TYPEFORM_API_ORIGINS: 'https://*.typeform.com' },
]) {
  Deno.test(`the environment ${JSON.stringify(env)} is refused`, () => {
    assertThrows(() => read(env))
  })
}
