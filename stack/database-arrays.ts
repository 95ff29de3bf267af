/** Arrays in PostgreSQL's text format: `{1,"a b",NULL,{2,3}}`, perhaps after their bounds (`[0:1]=`). */

export type ArrayItem = string | null | ArrayItem[]

/** @param delimiter `;` for arrays of `box`, else `,` */
export function parseArray(text: string, delimiter = ','): ArrayItem[] {
  const token = new RegExp(`"((?:[^"\\\\]|\\\\.)*)"|[{}${delimiter}]|[^{}${delimiter}]+`, 'suy')
  token.lastIndex = text.indexOf('{') + 1
  const outer: ArrayItem[] = []
  const open = [outer]
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [whole, quoted] = match
    const list = open.at(-1) ?? outer
    if (quoted !== undefined) list.push(quoted.replace(/\\(.)/gsu, '$1'))
    else if (whole === '{') {
      const inner: ArrayItem[] = []
      list.push(inner)
      open.push(inner)
    } else if (whole === '}') open.pop()
    else if (whole !== delimiter) list.push(itemOf(whole.trim()))
  }
  return outer
}

function itemOf(text: string): string | null {
  return text.toUpperCase() === 'NULL' ? null : text
}
