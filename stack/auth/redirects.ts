/**
 * Where a link in a mail may lead: to `site_url`, to the loopback address, and to addresses that match a pattern of
 * `additional_redirect_urls`. In a pattern `*` and `?` stand for characters other than `.` and `/`, `**` for any characters,
 * `[ab]` and `[!ab]` for a character, and `{a,b}` for one of several texts, as in GoTrue.
 */

import { isIP } from 'node:net'
import type { AuthSettings } from './settings.ts'

type RedirectSettings = Pick<AuthSettings, 'siteUrl' | 'redirectUrls'>

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i
/** Characters of an address. */
const MAX_LENGTH = 2048
/** An IP address as one number: browsers read it, people do not. */
const NUMERIC_HOST = /^[a-z]+:\/+(?:[^/?#]*@)?\d+(?:[:/?#]|$)/i
const LOOPBACK = /^(127(\.\d+){3}|\[::1\]|localhost)$/i

/** The address that the request asks for, or its page's address, or `siteUrl`: the first that is allowed. */
export function redirectTarget(settings: RedirectSettings, request: Request): string {
  const asked = request.headers.get('redirect_to') ?? new URL(request.url).searchParams.get('redirect_to')
  const page = request.headers.get('referer')
  const allowed = [asked, page].find((address) => address !== null && isAllowedRedirect(settings, address))
  return allowed ?? settings.siteUrl
}

export function isAllowedRedirect({ siteUrl, redirectUrls }: RedirectSettings, address: string): boolean {
  // What browsers remove from an address, GoTrue refuses: control characters and backslashes.
  if (address.length > MAX_LENGTH || /[\p{Cc}\\]/u.test(address) || !URL.canParse(address)) return false
  if (NUMERIC_HOST.test(address)) return false
  const url = new URL(address)
  const site = new URL(siteUrl)
  const isLoopback = LOOPBACK.test(url.hostname)
  if (url.protocol === site.protocol && url.hostname === site.hostname) {
    // Native applications listen on changing ports of the loopback address (RFC 8252, 7.3).
    if (url.port === site.port || isLoopback) return true
  }
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) return isLoopback && isHttp
  if (isHttp && !HOST_NAME.test(url.hostname)) return false
  const withoutFragment = address.split('#', 1)[0] ?? ''
  return redirectUrls.some((pattern) => globExpression(pattern).test(withoutFragment))
}

function globExpression(pattern: string): RegExp {
  let depth = 0
  const source = pattern.replaceAll(/\*\*|\*|\?|\[!?[^\]]+\]|[{},]|[^*?[{},]+|./gs, (piece) => {
    if (piece === '**') return '.*'
    if (piece === '*') return '[^./]*'
    if (piece === '?') return '[^./]'
    if (piece.startsWith('[') && piece.length > 1) {
      return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    }
    if (piece === '{') {
      depth++
      return '(?:'
    }
    if (piece === '}' && depth > 0) {
      depth--
      return ')'
    }
    if (piece === ',' && depth > 0) return '|'
    return piece.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
  })
  return depth === 0 ? new RegExp(`^${source}$`, 's') : /$^/
}
