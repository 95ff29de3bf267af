import { describe, expect, test } from 'vitest'
import { parseTemplate } from './template.ts'

function render(source: string, values: Record<string, unknown>): string {
  return parseTemplate(source).render(values)
}

describe('values', () => {
  test('are put in by name, nested names as well', () => {
    expect(render('{{ .A }}-{{.B.c}}', { A: 1, B: { c: 'x' } })).toBe('1-x')
  })

  test('that are missing are empty, also inherited ones', () => {
    expect(render('[{{ .A }}{{ .A.b }}{{ .constructor }}{{ .Data.__proto__ }}]', { Data: {} })).toBe('[]')
  })

  test.each([
    ['text', '<p>{{ .V }}</p>', '<b title="x">&', '<p>&#60;b title=&#34;x&#34;&#62;&#38;</p>'],
    ['an attribute', '<p title="{{ .V }}">', '"><script>', '<p title="&#34;&#62;&#60;script&#62;">'],
    [
      'the query of an address',
      '<a href="{{ .S }}/a?b={{ .V }}&amp;c=1">',
      "x&y=1#'",
      '<a href="https://s/a?b=x%26y%3D1%23%27&amp;c=1">',
    ],
    ['an address', '<a href="{{ .V }}">', 'https://a/?b=1&c', '<a href="https://a/?b=1&#38;c">'],
    [
      'an address that would run a script',
      '<a href="{{ .V }}">',
      'javascript:alert(1)',
      '<a href="#ZgotmplZ">',
    ],
  ])('are escaped for %s', (_place, source, value, expected) => {
    expect(render(source, { V: value, S: 'https://s' })).toBe(expected)
  })
})

describe('conditions', () => {
  test.each([
    [{}, 'no'],
    [{ A: '' }, 'no'],
    [{ A: 0 }, 'no'],
    [{ A: [] }, 'no'],
    [{ A: 'x' }, 'yes'],
    [{ A: {} }, 'yes'],
  ])('of %j', (values, expected) => {
    expect(render('{{ if .A }}yes{{ else }}no{{ end }}', values)).toBe(expected)
  })

  test('nest', () => {
    const source = '{{ if .A }}a{{ if .B }}b{{ else }}-{{ end }}{{ end }}!'
    expect(render(source, { A: 1, B: 1 })).toBe('ab!')
    expect(render(source, { A: 1 })).toBe('a-!')
    expect(render(source, {})).toBe('!')
  })
})

test('dashes remove space, and comments leave nothing', () => {
  expect(render('a  {{- .A -}}  b {{/* c */}}d', { A: 1 })).toBe('a1b d')
})

test.each([
  ['{{ range .A }}{{ end }}', 'line 1: {{ range .A }} is not supported'],
  ['a\n\n{{ eq .A .B }}', 'line 3: {{ eq .A .B }} is not supported'],
  ['{{ if eq .A .B }}x{{ end }}', 'line 1: {{ if eq .A .B }} has a condition that is not supported'],
  ['{{ if .A }}', 'an if has no end'],
  ['{{ end }}', 'line 1: {{ end }} has no if'],
  ['{{ else }}', 'line 1: {{ else }} has no if'],
  ['{{ .A | html }}', 'line 1: {{ .A | html }} is not supported'],
])('%s is refused where it is read', (source, message) => {
  expect(() => parseTemplate(source)).toThrow(message)
})
