/** What is known of a photo: when it was taken and received, by which camera, the original's size and hash. */

import './photo-facts.css'
import { useState } from 'preact/hooks'
import { dateTime, fileSize } from '../../shared/format.ts'
import { IconButton } from '../../ui/icon-button.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'
import type { IncidentDocument } from '../records.ts'

/** Times that are not the camera's own time of taking the photo, by the EXIF tag. */
const SOURCES: Readonly<Record<string, string>> = {
  digitized: ', when it was digitised',
  modified: ', when the file was last changed',
  gps: ', of its position',
}

export function PhotoFacts({ photo }: { photo: IncidentDocument }) {
  const {
    takenAt,
    takenAtSource,
    question,
    receivedAt,
    camera,
    width,
    height,
    byteSize,
    contentType,
    duplicateOf,
    sha256,
  } = photo
  const pixels = width === null || height === null ? null : `${width} × ${height}`
  const size = byteSize === null ? null : fileSize(byteSize)
  const original = [pixels, size, contentType].filter((part) => part !== null).join(' · ')
  const facts = [
    ['Question', question ?? ''],
    [
      'Taken',
      takenAt === null ? 'Not recorded' : `${cameraTime(takenAt)}${SOURCES[takenAtSource ?? ''] ?? ''}`,
    ],
    ['Received', receivedAt === null ? '' : `${dateTime(receivedAt)}, kept unchanged since`],
    ['Camera', camera ?? ''],
    ['Original', original],
    ['Duplicate', duplicateOf === null ? '' : 'The same file as an earlier one of this incident'],
    ['SHA-256', sha256 === null ? '' : <Hash key={sha256} sha256={sha256} />],
  ] as const
  return (
    <dl class="lightbox__facts">
      {facts.map(
        ([name, value]) =>
          value !== '' && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

function Hash({ sha256 }: { sha256: string }) {
  const [result, setResult] = useState('')
  const copy = (): void =>
    void navigator.clipboard.writeText(sha256).then(
      () => setResult('Copied'),
      () => setResult('Select and copy it'),
    )
  return (
    <span class="lightbox__hash">
      <code>{sha256}</code>
      <IconButton icon={EXTRA_ICONS.copy} label="Copy the hash" onClick={copy} />
      <span class="lightbox__copied" role="status">
        {result}
      </span>
    </span>
  )
}

/** By the camera's own clock: a time without an offset is shown as the camera recorded it. */
function cameraTime(takenAt: string): string {
  const [, date, time, offset] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(.*)$/.exec(takenAt) ?? []
  if (date === undefined || time === undefined) return takenAt
  return `${date} ${time}${offset ? ` (UTC${offset})` : ' by the camera’s clock'}`
}
