/** HTTP answers in the real server's forms. */

export function json(status: number, body: unknown): Response {
  return answer(status, JSON.stringify(body), 'application/json')
}

/** Phoenix's own error pages. */
export function html(status: number, body: string): Response {
  return answer(status, body, 'text/html')
}

export function text(status: number, body: string): Response {
  return answer(status, body, 'text/plain')
}

function answer(status: number, body: string, type: string): Response {
  return new Response(body, { status, headers: { 'content-type': `${type}; charset=utf-8` } })
}
