/** Stands in for `@supabase/functions-js` in the dashboard's build (see `vite.config.ts`): the dashboard calls no Edge Function. */

export class FunctionsClient {}
export class FunctionsError extends Error {}
export class FunctionsFetchError extends FunctionsError {}
export class FunctionsHttpError extends FunctionsError {}
export class FunctionsRelayError extends FunctionsError {}
export const FunctionRegion = {}
