/** Downloads the file of a document as it was received; not there until the file has been stored. */

import { IconButton } from '../../ui/icon-button.tsx'
import type { IncidentDocument } from '../records.ts'
import { EXTRA_ICONS } from './extra-icons.ts'

export interface DownloadOriginalProps {
  document: IncidentDocument
  /** The name of the file. */
  title: string
  download(document: IncidentDocument): void
}

export function DownloadOriginal({ document, title, download }: DownloadOriginalProps) {
  if (document.originalPath === null) return null
  return (
    <IconButton icon={EXTRA_ICONS.download} label={`Download ${title}`} onClick={() => download(document)} />
  )
}
