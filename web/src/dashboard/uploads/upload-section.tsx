/** Adding files to an incident, by buttons, dropping, pasting and the camera of a phone; and the uploads under way. */

import './upload-section.css'
import { useCallback, useEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'
import type { Incident } from '../records.ts'
import { DropOverlay } from './drop-overlay.tsx'
import { UploadList } from './upload-list.tsx'
import type { UploadQueue } from './upload-queue.ts'

const ACCEPT = 'image/jpeg,image/png,image/webp,image/heic,image/heif,audio/*,application/pdf'

export function UploadSection({ queue, incident }: { queue: UploadQueue; incident: Incident }) {
  const { id, title } = incident
  const items = useStore(queue).items.filter(({ incidentId }) => incidentId === id)
  const section = useRef<HTMLDivElement>(null)
  const add = useCallback((files: Iterable<File>) => queue.add(id, files), [queue, id])
  useHoldWhilePressed(queue)
  usePaste(add)

  const find = (selector: string) => section.current?.querySelector<HTMLElement>(selector)
  return (
    <div ref={section} class="upload">
      <div class="upload__bar">
        <Button icon={EXTRA_ICONS.plus} class="upload__add" onClick={() => find('.upload__picker')?.click()}>
          Add files
        </Button>
        <Button icon={EXTRA_ICONS.camera} class="upload__camera" onClick={() => find('[capture]')?.click()}>
          Take a photo
        </Button>
        <p class="upload__hint">or drop or paste photos, voice notes, PDF files</p>
        {items.some(({ status }) => status === 'failed') && (
          <Button small onClick={() => queue.clear()}>
            Clear finished
          </Button>
        )}
      </div>
      <FileInput add={add} multiple accept={ACCEPT} />
      <FileInput add={add} accept="image/*" capture="environment" />
      <UploadList key={id} queue={queue} items={items} focusAddButton={() => find('.upload__add')?.focus()} />
      <DropOverlay title={title} add={add} />
    </div>
  )
}

interface FileInputProps {
  add: (files: Iterable<File>) => void
  accept: string
  multiple?: boolean
  /** Opens the camera of a phone. */
  capture?: 'environment'
}

function FileInput({ add, ...attributes }: FileInputProps) {
  return (
    <input
      {...attributes}
      type="file"
      class="upload__picker visually-hidden"
      tabIndex={-1}
      aria-hidden="true"
      onChange={({ currentTarget }) => {
        add(currentTarget.files ?? [])
        // The same file can be chosen again.
        currentTarget.value = ''
      }}
    />
  )
}

/** No row moves away below a finger. */
function useHoldWhilePressed(queue: UploadQueue): void {
  useEffect(() => {
    const stop = new AbortController()
    for (const type of ['pointerdown', 'pointerup', 'pointercancel'] as const)
      document.addEventListener(type, () => queue.hold('press', type === 'pointerdown'), {
        signal: stop.signal,
      })
    return () => stop.abort()
  }, [queue])
}

function usePaste(add: (files: Iterable<File>) => void): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent): void => {
      const files = event.clipboardData?.files
      if (files === undefined || files.length === 0) return
      event.preventDefault()
      add(files)
    }
    document.addEventListener('paste', paste)
    return () => document.removeEventListener('paste', paste)
  }, [add])
}
