/** Supabase Storage for the embedded stack. */

export { createStorageService, type StorageService, type StorageServiceOptions } from './service.ts'
