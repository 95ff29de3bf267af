/** The part of Supabase's auth server that supabase-js and this project use. */

export { type AuthService, createAuthService } from './service.ts'
export type { AuthSettings } from './settings.ts'
