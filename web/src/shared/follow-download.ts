/** Follows a URL that saves a file. Storage sends such files as attachments, so the page stays. */

export function followDownload(url: string): void {
  const link = document.createElement('a')
  Object.assign(link, { href: url, rel: 'noopener', download: '' })
  document.body.append(link)
  link.click()
  link.remove()
}
