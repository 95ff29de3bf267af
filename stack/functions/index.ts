/** Edge Functions of the embedded stack. */

export { supabaseEnvironment } from './environment.ts'
export { createFunctionsHost, type FunctionsHost, type FunctionsHostOptions } from './host.ts'
