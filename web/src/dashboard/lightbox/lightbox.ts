/**
 * One photo large, with what is known of it. A modal dialog: the page behind it is out of reach, Escape closes it, and
 * the focus goes back to where it came from. Arrow keys, Home and End, and swiping go from photo to photo.
 */

import './lightbox.css'
import { h, setText } from '../../shared/dom.ts'
import { dateTime, fileSize, sentence } from '../../shared/format.ts'
import { extraIcon, iconButton, smallButton } from '../dom-parts.ts'
import type { IncidentDocument } from '../records.ts'
import type { ObjectRef } from '../signed-urls.ts'
import { coordinates, locator, mapUrl } from './locator.ts'

export interface Lightbox {
  /** Opens it, or goes to another photo. */
  show(photos: readonly IncidentDocument[], id: string): void
  /** Draws what has changed. */
  update(photos: readonly IncidentDocument[]): void
  hide(): void
  readonly openId: string | null
  destroy(): void
}

export interface LightboxActions {
  urlOf(ref: ObjectRef): string | null
  /** Asks for the URLs of these photos. */
  sign(refs: readonly ObjectRef[]): void
  goTo(documentId: string): void
  close(): void
  download(document: IncidentDocument): void
}

/** Pixels that a finger has to move sideways. */
const SWIPE = 48

export function createLightbox(actions: LightboxActions): Lightbox {
  const image = h('img', { class: 'lightbox__image', attrs: { alt: '', draggable: false } })
  const none = h(
    'p',
    { class: 'lightbox__none' },
    'There is no preview of this photo. The original can be downloaded.',
  )
  const busy = h('span', { class: 'lightbox__busy', attrs: { role: 'status', 'aria-label': 'Loading' } })
  const title = h('h2', { class: 'lightbox__title', attrs: { id: 'lightbox-title' } })
  const counter = h('p', { class: 'lightbox__counter' })
  const facts = h('dl', { class: 'lightbox__facts' })
  const place = h('div', { class: 'lightbox__place' })
  const previous = iconButton('chevronLeft', 'Previous photo', () => step(-1), 'lightbox__previous')
  const next = iconButton('chevronRight', 'Next photo', () => step(1), 'lightbox__next')
  const download = smallButton('download', 'Download original', () => {
    const document = current()
    if (document !== undefined) actions.download(document)
  })
  const stage = h('div', { class: 'lightbox__stage' }, image, none, busy, previous, next)
  const dialog = h(
    'dialog',
    { class: 'lightbox', attrs: { 'aria-labelledby': 'lightbox-title', tabindex: -1, autofocus: true } },
    stage,
    h(
      'div',
      { class: 'lightbox__panel' },
      h(
        'div',
        { class: 'lightbox__head' },
        h('div', { class: 'lightbox__titles' }, title, counter),
        iconButton('close', 'Close', () => actions.close()),
      ),
      facts,
      place,
      download,
    ),
  )
  document.body.append(dialog)
  let photos: readonly IncidentDocument[] = []
  let openId: string | null = null
  let drawn = ''
  let start: { x: number; y: number } | null = null

  const current = (): IncidentDocument | undefined => photos.find(({ id }) => id === openId)

  function step(by: number): void {
    const target = photos[photos.findIndex(({ id }) => id === openId) + by]
    if (target !== undefined) actions.goTo(target.id)
  }

  function targetOf(key: string): IncidentDocument | undefined {
    const index = photos.findIndex(({ id }) => id === openId)
    if (key === 'ArrowLeft') return photos[index - 1]
    if (key === 'ArrowRight') return photos[index + 1]
    if (key === 'Home') return photos[0]
    return key === 'End' ? photos.at(-1) : undefined
  }

  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    actions.close()
  })
  dialog.addEventListener('keydown', (event) => {
    const target = targetOf(event.key)
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    actions.goTo(target.id)
  })
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog || event.target === stage) actions.close()
  })
  stage.addEventListener('pointerdown', ({ clientX, clientY }) => {
    start = { x: clientX, y: clientY }
  })
  stage.addEventListener('pointerup', ({ clientX, clientY }) => {
    if (start === null) return
    const [dx, dy] = [clientX - start.x, clientY - start.y]
    start = null
    if (Math.abs(dx) >= SWIPE && Math.abs(dx) > Math.abs(dy)) step(dx > 0 ? -1 : 1)
  })
  image.addEventListener('load', () => dialog.classList.add('is-loaded'))

  function draw(): void {
    const photo = current()
    if (photo === undefined) return
    const index = photos.indexOf(photo)
    const name = photo.fileName ?? sentence(photo.documentType)
    setText(title, name)
    setText(counter, `${index + 1} of ${photos.length}`)
    previous.hidden = index === 0
    next.hidden = index === photos.length - 1
    // A button that hides takes the focus with it, and keys would reach nobody.
    if (dialog.open && !dialog.contains(document.activeElement)) dialog.focus()
    download.disabled = photo.originalPath === null
    drawPicture(photo, name)
    const key = JSON.stringify([photo.id, photo.sha256, photo.receivedAt, photo.takenAt])
    if (key === drawn) return
    drawn = key
    facts.replaceChildren(...factsOf(photo))
    place.replaceChildren(...placeOf(photo))
  }

  function drawPicture(photo: IncidentDocument, name: string): void {
    const path = photo.previewPath ?? photo.thumbnailPath
    none.hidden = path !== null
    busy.hidden = path === null
    image.hidden = path === null
    image.alt = name
    if (path === null) return
    actions.sign(
      [-1, 0, 1].flatMap((by) => {
        const near = photos[photos.indexOf(photo) + by]?.previewPath ?? null
        return near === null ? [] : [{ bucket: 'derivatives', path: near } as const]
      }),
    )
    const url = actions.urlOf({ bucket: 'derivatives', path })
    // A URL signed anew shows the same picture.
    if (url === null || image.dataset.path === path) return
    image.dataset.path = path
    dialog.classList.remove('is-loaded')
    image.src = url
  }

  return {
    show(shown, id) {
      if (openId !== id) image.removeAttribute('src')
      if (openId !== id) delete image.dataset.path
      photos = shown
      openId = id
      draw()
      if (!dialog.open) dialog.showModal()
    },
    update(shown) {
      photos = shown
      if (openId !== null) draw()
    },
    hide() {
      openId = null
      drawn = ''
      if (dialog.open) dialog.close()
    },
    get openId() {
      return openId
    },
    destroy: () => dialog.remove(),
  }
}

function factsOf(photo: IncidentDocument): HTMLElement[] {
  const rows: [string, string | HTMLElement][] = [
    ['Taken', photo.takenAt === null ? 'Not recorded' : cameraTime(photo.takenAt)],
  ]
  if (photo.receivedAt !== null) rows.push(['Received', dateTime(photo.receivedAt)])
  if (photo.camera !== null) rows.push(['Camera', photo.camera])
  const pixels = photo.width === null || photo.height === null ? null : `${photo.width} × ${photo.height}`
  const size = photo.byteSize === null ? null : fileSize(photo.byteSize)
  const measures = [pixels, size, photo.contentType].filter((part) => part !== null).join(' · ')
  if (measures !== '') rows.push(['Original', measures])
  if (photo.duplicateOf !== null) rows.push(['Duplicate', 'The same file as an earlier one of this incident'])
  if (photo.sha256 !== null) rows.push(['SHA-256', hashOf(photo.sha256)])
  return rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))
}

function hashOf(sha256: string): HTMLElement {
  const copy = iconButton('copy', 'Copy the hash', () => {
    navigator.clipboard.writeText(sha256).then(
      () => setText(done, 'Copied'),
      () => setText(done, 'Select and copy it'),
    )
  })
  const done = h('span', { class: 'lightbox__copied', attrs: { role: 'status' } })
  return h('span', { class: 'lightbox__hash' }, h('code', {}, sha256), copy, done)
}

function placeOf({ position }: IncidentDocument): HTMLElement[] {
  if (position === null)
    return [h('p', { class: 'lightbox__nowhere' }, 'The photo does not say where it was taken.')]
  return [
    h('figure', { class: 'lightbox__map' }, h('span', {}, locator(position))),
    h(
      'p',
      { class: 'lightbox__coordinates' },
      extraIcon('pin'),
      h(
        'span',
        {},
        coordinates(position),
        position.altitude === null ? '' : `, ${Math.round(position.altitude)} m`,
      ),
      h(
        'a',
        { class: 'link', attrs: { href: mapUrl(position), target: '_blank', rel: 'noopener noreferrer' } },
        'OpenStreetMap',
      ),
    ),
  ]
}

/** By the camera's own clock: without an offset it is shown as it stands. */
function cameraTime(takenAt: string): string {
  const [, date, time, offset] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(.*)$/.exec(takenAt) ?? []
  if (date === undefined || time === undefined) return takenAt
  return `${date} ${time}${offset ? ` (UTC${offset})` : ' by the camera’s clock'}`
}
