/** The part of Supabase's auth server that supabase-js and this project use. */

export { type AuthOptions, type AuthService, createAuthService } from './service.ts'
export { type AuthSettings, DEFAULT_AUTH_SETTINGS } from './settings.ts'
