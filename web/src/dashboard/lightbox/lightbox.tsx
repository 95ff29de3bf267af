/**
 * One photo large, with what is known of it. A modal dialog: the page behind it is out of reach, Escape closes it, and
 * the focus goes back to where it came from. Arrow keys, Home and End, and swiping go from photo to photo.
 */

import './lightbox.css'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { livePhotoFilms } from '../../../../functions-shared/live-photo.ts'
import { Button } from '../../ui/button.tsx'
import { IconButton } from '../../ui/icon-button.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'
import { documentName } from '../incidents.ts'
import type { IncidentDocument } from '../records.ts'
import type { ObjectRef } from '../signed-urls.ts'
import { PhotoFacts } from './photo-facts.tsx'
import { PhotoPlace } from './photo-place.tsx'
import { PhotoStage } from './photo-stage.tsx'

export interface LightboxProps {
  photos: readonly IncidentDocument[]
  /** All documents of the incident, the films of live photos among them. */
  documents: readonly IncidentDocument[]
  /** The photo that is shown; null for none. */
  openId: string | null
  /** Null until the URL has been signed. */
  urlOf(ref: ObjectRef): string | null
  /** Asks for the URLs of previews. */
  sign(refs: readonly ObjectRef[]): void
  goTo(documentId: string): void
  close(): void
  download(document: IncidentDocument): void
}

export function Lightbox(props: LightboxProps) {
  const { photos, openId, goTo, close } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const index = photos.findIndex(({ id }) => id === openId)
  const photo = photos[index]
  const isOpen = photo !== undefined

  // The dialog stays in the page while it is closed: toasts, which are in the dialog while it is open, leave it then.
  useLayoutEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  useLayoutEffect(() => {
    // The button of the last photo that was used is gone, and keys would reach no element.
    if (isOpen && dialog.current?.contains(document.activeElement) === false) dialog.current.focus()
  })

  function onKeyDown(event: KeyboardEvent): void {
    const targets: Record<string, number> = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      Home: 0,
      End: photos.length - 1,
    }
    const target = photos[targets[event.key] ?? -1]
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    goTo(target.id)
  }

  return (
    <dialog
      ref={dialog}
      class="lightbox"
      aria-labelledby="lightbox-title"
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onKeyDown={onKeyDown}
    >
      {isOpen && <Content {...props} photo={photo} index={index} />}
    </dialog>
  )
}

interface ContentProps extends LightboxProps {
  photo: IncidentDocument
  index: number
}

function Content({ photos, photo, index, documents, urlOf, sign, goTo, close, download }: ContentProps) {
  const film = livePhotoFilms(documents).get(photo.id) ?? null
  const name = documentName(photo)
  const path = photo.previewPath ?? photo.thumbnailPath
  const stepTo = (target: IncidentDocument | undefined): (() => void) | null =>
    target === undefined ? null : () => goTo(target.id)

  useEffect(() => {
    const near = photos.slice(Math.max(0, index - 1), index + 2)
    sign(
      near.flatMap(({ previewPath }) =>
        previewPath === null ? [] : [{ bucket: 'derivatives', path: previewPath } as const],
      ),
    )
  })

  return (
    <>
      <PhotoStage
        name={name}
        path={path}
        url={path === null ? null : urlOf({ bucket: 'derivatives', path })}
        previous={stepTo(photos[index - 1])}
        next={stepTo(photos[index + 1])}
        close={close}
      />
      <div class="lightbox__panel">
        <div class="lightbox__head">
          <div class="lightbox__titles">
            <h2 class="lightbox__title" id="lightbox-title">
              {name}
            </h2>
            <p class="lightbox__counter">{`${index + 1} of ${photos.length}`}</p>
          </div>
          <IconButton icon={EXTRA_ICONS.close} label="Close" onClick={close} />
        </div>
        <PhotoFacts photo={photo} />
        <PhotoPlace position={photo.position} />
        <Button
          small
          icon={EXTRA_ICONS.download}
          disabled={photo.originalPath === null}
          onClick={() => download(photo)}
        >
          <span>Download original</span>
        </Button>
        {film !== null && (
          <Button
            small
            icon={EXTRA_ICONS.download}
            disabled={film.originalPath === null}
            onClick={() => download(film)}
          >
            <span>Download its film</span>
          </Button>
        )}
      </div>
    </>
  )
}
