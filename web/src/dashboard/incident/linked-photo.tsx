/** The photo that the address names, in the lightbox. The lightbox is loaded when a photo is first opened. */

import { useEffect, useRef } from 'preact/hooks'
import { LazyModule } from '../../client/lazy-module.ts'
import { hash } from '../../ui/surroundings.ts'
import { useLazy } from '../../ui/use-lazy.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { IncidentDocument } from '../records.ts'
import { documentHref, incidentHref, itemOf } from '../route.ts'
import type { Extras } from './create-extras.ts'

const lightboxModule = new LazyModule(() => import('../lightbox/lightbox.ts'))

export function LinkedPhoto({ extras }: { extras: Extras }) {
  const incident = useDashboard().shown.value
  const address = hash.value
  /** The page was on the incident before the photo was opened, so going back leads there. */
  const cameFromIncident = useRef(false)
  const wasOpened = useRef(false)
  if (incident === null) return null
  const { id: incidentId, documents } = incident
  const item = itemOf(address)
  const isRoot = address.length < '#/.'.length
  if (item === null) cameFromIncident.current = isRoot || address.startsWith(incidentHref(incidentId))
  const photos = documents.filter(({ kind, job }) => kind === 'photo' && job?.status === 'completed')
  const open = item?.kind === 'documents' ? photos.find(({ id }) => id === item.id) : undefined
  wasOpened.current ||= open !== undefined
  if (!wasOpened.current) return null

  function close(): void {
    if (cameFromIncident.current) history.back()
    else location.replace(incidentHref(incidentId))
  }
  return (
    <Viewer
      photos={photos}
      openId={open?.id ?? null}
      // Going from photo to photo is no step in the history.
      goTo={(id) => location.replace(documentHref(incidentId, id))}
      close={close}
      download={extras.download}
    />
  )
}

interface ViewerProps {
  photos: readonly IncidentDocument[]
  /** Null while no photo is open. */
  openId: string | null
  goTo(id: string): void
  close(): void
  download(document: IncidentDocument): void
}

function Viewer(props: ViewerProps) {
  const { state, store, complain } = useDashboard()
  const module = useLazy(lightboxModule, () => {
    complain('The photo could not be opened', 'The network is away. Try again in a moment.')
    props.close()
  })
  const latest = useRef(props)
  latest.current = props
  const lightbox = useRef<ReturnType<NonNullable<typeof module>['createLightbox']> | null>(null)
  useEffect(() => {
    if (module === null) return
    const made = module.createLightbox({
      urlOf: (ref) => store.urlOf(ref),
      sign: (refs) => void store.sign(refs),
      goTo: (id) => latest.current.goTo(id),
      close: () => latest.current.close(),
      download: (document) => latest.current.download(document),
    })
    lightbox.current = made
    return () => {
      made.hide()
      made.destroy()
    }
  }, [module, store])
  const { value } = state
  useEffect(() => {
    if (value && props.openId !== null) lightbox.current?.show(props.photos, props.openId)
    else lightbox.current?.hide()
  })
  return null
}
