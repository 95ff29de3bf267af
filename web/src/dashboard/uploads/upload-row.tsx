/** One upload: name, progress, and what can be done about it. */

import './upload-row.css'
import { fileSize } from '../../shared/format.ts'
import { Button } from '../../ui/button.tsx'
import { IconButton } from '../../ui/icon-button.tsx'
import { ProgressBar } from '../../ui/progress-bar.tsx'
import { ICONS } from '../icons.ts'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'
import type { UploadItem, UploadStatus } from './upload-queue.ts'

export interface UploadRowProps {
  item: UploadItem
  cancel(): void
  retry(): void
}

const LABELS: Record<UploadStatus, string> = {
  waiting: 'Waiting',
  uploading: 'Uploading',
  interrupted: 'Interrupted. It goes on when the network is back',
  submitting: 'Almost there',
  done: 'Added',
  failed: 'Failed',
}

export function UploadRow({ item, cancel, retry }: UploadRowProps) {
  const { file, status, sent, final } = item
  const hasEnded = status === 'done' || status === 'failed'
  const percent = file.size === 0 ? 0 : Math.floor((sent / file.size) * 100)
  return (
    <li class="upload-item" data-upload={file.name} data-status={status}>
      <div class="upload-item__titles">
        <p class="upload-item__name">{file.name}</p>
        <p class="upload-item__state" role="status">
          {stateOf(item, percent)}
        </p>
      </div>
      {(status === 'interrupted' || (status === 'failed' && !final)) && (
        <Button small icon={ICONS.refresh} aria-label={`Try again: ${file.name}`} onClick={retry}>
          Try again
        </Button>
      )}
      <IconButton
        icon={EXTRA_ICONS.close}
        label={`${hasEnded ? 'Remove' : 'Cancel the upload of'} ${file.name}`}
        onClick={cancel}
      />
      {!hasEnded && <ProgressBar line label={`Upload of ${file.name}`} progress={percent} />}
    </li>
  )
}

function stateOf({ status, reason, file, resumed }: UploadItem, percent: number): string {
  if (status === 'failed') return reason ?? LABELS.failed
  if (status !== 'uploading') return LABELS[status]
  return `${LABELS.uploading} · ${percent}% of ${fileSize(file.size)}${resumed ? ' · resumed' : ''}`
}
