/** The language of the speech. whisper-1 names it in English, other services give a tag. */

/** The languages that Whisper knows, and Whisper's names where Intl has other ones. */
const CODES =
  'af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id ' +
  'is it ja jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd ' +
  'si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh'
const OTHER_NAMES = {
  burmese: 'my',
  flemish: 'nl',
  haitian: 'ht',
  letzeburgesch: 'lb',
  moldavian: 'ro',
  moldovan: 'ro',
  myanmar: 'my',
  nynorsk: 'nn',
  panjabi: 'pa',
  pushto: 'ps',
  sinhalese: 'si',
  tagalog: 'tl',
  valencian: 'ca',
  castilian: 'es',
  mandarin: 'zh',
}

let names: ReadonlyMap<string, string> | undefined

function tagsByName(): ReadonlyMap<string, string> {
  const english = new Intl.DisplayNames(['en'], { type: 'language' })
  const known = CODES.split(' ').map((code) => [(english.of(code) ?? code).toLowerCase(), code] as const)
  names ??= new Map([...known, ...Object.entries(OTHER_NAMES)])
  return names
}

/** BCP 47 tag for a tag or an English name; null for other values. */
export function languageTag(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const text = value.trim()
  const byName = tagsByName().get(text.toLowerCase())
  if (byName !== undefined) return byName
  if (!/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(text)) return null
  return Intl.getCanonicalLocales(text)[0] ?? null
}
