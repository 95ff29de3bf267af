/** A form with a file as a stream: multipart/form-data (RFC 7578). `FormData` would need the file in memory. */

export interface Body {
  body: BodyInit
  /** Set where `fetch` cannot know it from the body. */
  contentType?: string
}

export interface StreamedFile {
  /** Without quotes and line breaks. */
  name: string
  contentType: string
  stream: ReadableStream<Uint8Array>
}

/** The fields come before the file, so that a service can read them while the file arrives. */
export function multipart(file: StreamedFile, fields: readonly (readonly [string, string])[]): Body {
  const boundary = `claimwire-${crypto.randomUUID()}`
  const part = (disposition: string, rest = '') =>
    `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n${rest}\r\n`
  const head =
    fields.map(([name, text]) => `${part(`name="${name}"`)}${text}\r\n`).join('') +
    part(`name="file"; filename="${file.name}"`, `content-type: ${file.contentType}\r\n`)
  const encoder = new TextEncoder()
  const form = async function* () {
    yield encoder.encode(head)
    yield* file.stream
    yield encoder.encode(`\r\n--${boundary}--\r\n`)
  }
  return {
    body: ReadableStream.from(form()),
    contentType: `multipart/form-data; boundary=${boundary}`,
  }
}
