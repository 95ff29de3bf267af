/**
 * What a page and the engine that it loads to connect have in common lies in one file, which is loaded with the page: so
 * the engine needs no file but its own. Should that fail to load, it can be tried again under another URL
 * (`client/part.ts`); a file that it imports in turn could not.
 */
export const SHARED_CHUNK = {
  name: 'shared',
  test: /[\\/](client|functions-shared)[\\/]/,
  minShareCount: 2,
}
