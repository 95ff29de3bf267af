/** Addresses of one thing of an incident: a photo opens large; everything else is scrolled to and lit up for a moment. */

import type { Incident } from '../records.ts'
import { documentHref, incidentHref, itemOf } from '../route.ts'

export interface DeepLinksOptions {
  hash(): string
  photoOpened(documentId: string): void
  photoClosed(): void
}

export interface DeepLinks {
  update(incident: Incident): void
  /** Goes to another photo without a step in the history. */
  replace(incidentId: string, documentId: string): void
  closePhoto(incidentId: string): void
}

export function createDeepLinks({ hash, photoOpened, photoClosed }: DeepLinksOptions): DeepLinks {
  let followed = ''
  /** The page was on the incident before the photo was opened: going back leads there. */
  let cameFromIncident = false
  let open = false

  return {
    update(incident) {
      const address = hash()
      const item = itemOf(address)
      if (item === null)
        cameFromIncident = address.startsWith(incidentHref(incident.id)) || address.length < 3
      const photo =
        item?.kind === 'documents'
          ? incident.documents.find(
              ({ id, kind, job }) => id === item.id && kind === 'photo' && job?.status === 'completed',
            )
          : undefined
      if (photo !== undefined) {
        if (open && followed === address) return
        open = true
        followed = address
        photoOpened(photo.id)
        return
      }
      if (open) {
        open = false
        photoClosed()
      }
      if (item === null) followed = ''
      else if (followed !== address && lightUp(item.kind, item.id, incident)) followed = address
    },
    replace: (incidentId, documentId) => location.replace(documentHref(incidentId, documentId)),
    closePhoto(incidentId) {
      if (cameFromIncident) history.back()
      else location.replace(incidentHref(incidentId))
    },
  }
}

function lightUp(kind: string, id: string, incident: Incident): boolean {
  const documentId =
    kind === 'transcriptions' ? incident.transcriptions.find((each) => each.id === id)?.documentId : id
  const attribute = kind === 'reports' ? 'data-report-id' : 'data-document-id'
  const target = document.querySelector(`[${attribute}="${CSS.escape(documentId ?? '')}"]`)
  if (target === null) return false
  target.scrollIntoView({ block: 'center' })
  target.classList.remove('is-linked')
  // Begins the animation anew.
  requestAnimationFrame(() => target.classList.add('is-linked'))
  return true
}
