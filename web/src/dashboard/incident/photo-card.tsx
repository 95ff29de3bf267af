/** One photo: its picture, live status and progress, and why it failed. */

import './photo-card.css'
import { useState } from 'preact/hooks'
import { fileSize, sentence } from '../../shared/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { useDashboard } from '../dashboard-context.ts'
import { ICONS } from '../icons.ts'
import { documentName } from '../incidents.ts'
import type { IncidentDocument } from '../records.ts'
import { documentHref } from '../route.ts'
import { derivative } from '../signed-urls.ts'
import { JobBar } from './job-bar.tsx'
import { JobPill } from './job-pill.tsx'
import { activityOf, reasonOf, statusOf } from './job-status.ts'
import { RetryButton } from './retry-button.tsx'
import { useLinked } from './use-linked.ts'

export function PhotoCard({ incidentId, document }: { incidentId: string; document: IncidentDocument }) {
  const { id, job } = document
  const status = statusOf(job)
  const isReady = status === 'completed'
  const title = documentName(document)
  // A photo that is ready opens in the lightbox instead.
  const linked = useLinked<HTMLLIElement>({ documents: isReady ? null : id })
  return (
    <li ref={linked.ref} class={`card ${linked.class}`} data-document-id={id} data-status={status}>
      <div class="card__media">
        <div class="card__placeholder">
          <Icon paths={status === 'failed' ? ICONS.alert : ICONS.photo} />
        </div>
        {isReady && <Thumbnail document={document} title={title} />}
        {isReady && (
          <a class="card__open" href={documentHref(incidentId, id)}>
            <span class="visually-hidden">Open {title}</span>
          </a>
        )}
        <JobBar job={job} title={title} />
      </div>
      <div class="card__body">
        <p class="card__name" title={title}>
          {title}
        </p>
        <div class="card__status">
          <JobPill job={job} />
          {status !== 'failed' && <p class="card__detail">{activityOf(job) || factsOf(document, isReady)}</p>}
        </div>
        {job !== null && status === 'failed' && (
          <div class="card__failure">
            <p class="card__reason">{reasonOf(job)}</p>
            <RetryButton jobIds={[job.id]} label="Retry" name={`Retry ${title}`} />
          </div>
        )}
      </div>
    </li>
  )
}

/** The picture. A URL that is signed anew shows the same picture, so a picture that is loaded keeps its URL. */
function Thumbnail({ document, title }: { document: IncidentDocument; title: string }) {
  const { state, store } = useDashboard()
  const [loadedUrl, setLoadedUrl] = useState<string | null>(null)
  const [failedUrl, setFailedUrl] = useState<string | null>(null)
  const { id, signedUrl, thumbnailPath } = document
  // The URLs of the store change with its state.
  const signed = state.value && thumbnailPath !== null ? store.urlOf(derivative(thumbnailPath)) : null
  const url = loadedUrl ?? signedUrl ?? signed
  if (url === null || url === failedUrl) return null
  return (
    <img
      class={url === loadedUrl ? 'card__image is-loaded' : 'card__image'}
      alt={title}
      decoding="async"
      src={url}
      onLoad={() => setLoadedUrl(url)}
      onError={() => {
        setLoadedUrl(null)
        setFailedUrl(url)
        store.pictureFailed(id)
      }}
    />
  )
}

function factsOf(
  { byteSize, width, height, previewPath, originalPath, documentType }: IncidentDocument,
  isReady: boolean,
): string {
  const facts = [
    width === null || height === null ? null : `${width}×${height}`,
    byteSize === null ? null : fileSize(byteSize),
    isReady && previewPath === null && originalPath !== null ? 'No preview' : null,
  ]
  return facts.filter((fact) => fact !== null).join(' · ') || sentence(documentType)
}
