/** The photo that the address names, in the lightbox. The lightbox is loaded when a photo is first opened. */

import { useRef } from 'preact/hooks'
import { LazyModule } from '../../client/lazy-module.ts'
import { hash } from '../../ui/surroundings.ts'
import { useLazy } from '../../ui/use-lazy.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { IncidentDocument } from '../records.ts'
import { documentHref, incidentHref, itemOf } from '../route.ts'
import type { Extras } from './create-extras.ts'

const lightboxModule = new LazyModule(() => import('../lightbox/lightbox.tsx'))

export function LinkedPhoto({ extras }: { extras: Extras }) {
  const incident = useDashboard().shown.value
  const address = hash.value
  /** The page was on the incident before the photo was opened, so going back leads there. */
  const cameFromIncident = useRef(false)
  const wasOpened = useRef(false)
  const incidentId = incident?.id ?? ''
  const photos = incident?.documents.filter(isReadyPhoto) ?? []
  const item = itemOf(address)
  const isRoot = address.length < '#/.'.length
  if (item === null) cameFromIncident.current = isRoot || address.startsWith(incidentHref(incidentId))
  const open = photos.find(({ id }) => item?.kind === 'documents' && item.id === id)
  wasOpened.current ||= open !== undefined

  function close(): void {
    if (cameFromIncident.current) history.back()
    else location.replace(incidentHref(incidentId))
  }
  return wasOpened.current ? (
    <LazyLightbox
      photos={photos}
      documents={incident?.documents ?? []}
      openId={open?.id ?? null}
      // Going from photo to photo is no step in the history.
      goTo={(id) => location.replace(documentHref(incidentId, id))}
      close={close}
      download={extras.download}
    />
  ) : null
}

interface LazyLightboxProps {
  photos: readonly IncidentDocument[]
  documents: readonly IncidentDocument[]
  openId: string | null
  goTo(id: string): void
  close(): void
  download(document: IncidentDocument): void
}

function LazyLightbox(props: LazyLightboxProps) {
  const { state, store, complain } = useDashboard()
  const module = useLazy(lightboxModule, () => {
    if (props.openId === null) return
    complain('The photo could not be opened', 'The network is away. Try again in a moment.')
    props.close()
  })
  // The store tells of signed URLs by its state.
  if (module === null || state.value === null) return null
  return (
    <module.Lightbox {...props} urlOf={(ref) => store.urlOf(ref)} sign={(refs) => void store.sign(refs)} />
  )
}

function isReadyPhoto({ kind, job }: IncidentDocument): boolean {
  return kind === 'photo' && job?.status === 'completed'
}
