/**
 * The part of Go's `html/template` that the mail templates use, so that one file serves hosted Supabase, `supabase start` and
 * the embedded stack:
 *
 *   {{ .Name }}   {{ .Data.name }}   {{ if .Name }} ... {{ else }} ... {{ end }}   {{- .Trims -}}   and comments
 *
 * Values are escaped for their place as Go escapes them: in text and attributes as HTML, in the query of an address for
 * addresses. Any other construct is an error where the template is read, not where a mail is sent.
 */

export type TemplateValues = Readonly<Record<string, unknown>>

export interface Template {
  render(values: TemplateValues): string
}

type Place = 'html' | 'address' | 'query'

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'value'; path: readonly string[]; place: Place }
  | { kind: 'if'; path: readonly string[]; whenTrue: Node[]; otherwise: Node[] }

type IfNode = Extract<Node, { kind: 'if' }>

const ACTION = /(\s*)\{\{(-\s|)\s*(.*?)\s*(\s-|)\}\}/gs
const PATH = /^(?:\.\w+)+$/

/** @throws Error for a construct that is not supported, with the line. */
export function parseTemplate(source: string): Template {
  const root: Node[] = []
  const open: { node: IfNode; inElse: boolean }[] = []
  const target = (): Node[] => {
    const block = open.at(-1)
    if (block === undefined) return root
    return block.inElse ? block.node.otherwise : block.node.whenTrue
  }
  let position = 0
  let trimNext = false
  /** The markup so far, with a stand-in for each value, from which a value's place is read. */
  let markup = ''
  const addText = (text: string): void => {
    const kept = trimNext ? text.trimStart() : text
    trimNext = false
    markup += kept
    if (kept !== '') target().push({ kind: 'text', text: kept })
  }
  for (const match of source.matchAll(ACTION)) {
    const [whole, space = '', trimBefore, action = '', trimAfter] = match
    const before = source.slice(position, match.index)
    addText(trimBefore === '' ? before + space : before)
    trimNext = trimAfter !== ''
    position = match.index + whole.length
    const fail = (reason: string): never => {
      const line = source.slice(0, match.index + space.length).split('\n').length
      throw new Error(`line ${line}: {{ ${action} }} ${reason}`)
    }
    if (PATH.test(action)) {
      target().push({ kind: 'value', path: pathOf(action), place: placeOf(markup) })
      markup += 'x'
    } else if (action.startsWith('if ')) {
      const condition = action.slice(3).trim()
      if (!PATH.test(condition)) fail('has a condition that is not supported')
      const node: IfNode = { kind: 'if', path: pathOf(condition), whenTrue: [], otherwise: [] }
      target().push(node)
      open.push({ node, inElse: false })
    } else if (action === 'else') {
      const block = open.at(-1)
      if (block === undefined || block.inElse) fail('has no if')
      else block.inElse = true
    } else if (action === 'end') {
      if (open.pop() === undefined) fail('has no if')
    } else if (!/^\/\*.*\*\/$/s.test(action)) {
      fail('is not supported')
    }
  }
  addText(source.slice(position))
  if (open.length > 0) throw new Error('an if has no end')
  return { render: (values) => render(root, values) }
}

function render(nodes: readonly Node[], values: TemplateValues): string {
  return nodes
    .map((node) => {
      if (node.kind === 'text') return node.text
      const value = lookUp(values, node.path)
      if (node.kind === 'value') return escaped(value, node.place)
      return render(isTrue(value) ? node.whenTrue : node.otherwise, values)
    })
    .join('')
}

function pathOf(action: string): string[] {
  return action.slice(1).split('.')
}

function lookUp(values: TemplateValues, path: readonly string[]): unknown {
  let value: unknown = values
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Object.getOwnPropertyDescriptor(value, name)?.value
  }
  return value
}

/** Go's truth: everything but an empty or missing value. */
function isTrue(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

/** An attribute of an address begins after its quote; a query begins after `?` or `#` in the attribute. */
function placeOf(markup: string): Place {
  const tag = /<[a-z][^<>]*$/i.exec(markup)?.[0] ?? ''
  const attribute = /\s(?:href|src|action)\s*=\s*(?:"([^"]*)|'([^']*))$/i.exec(tag)
  if (attribute === null) return 'html'
  const written = attribute[1] ?? attribute[2] ?? ''
  if (/[?#]/.test(written)) return 'query'
  return written === '' ? 'address' : 'html'
}

function escaped(value: unknown, place: Place): string {
  const text = value === undefined || value === null ? '' : String(value)
  if (place === 'query') return encodeURIComponent(text).replace(/[!'()*]/g, percentEncoded)
  // Go writes this in place of an address that would run a script.
  if (place === 'address' && /^[^/?#]*:/.test(text) && !/^(https?|mailto):/i.test(text)) return '#ZgotmplZ'
  return text.replace(/[&<>"'+`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
