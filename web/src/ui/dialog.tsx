/** A modal dialog with a title and a button that closes it. Escape closes it, and the focus goes back to where it came from. */

import './dialog.css'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { IconButton } from './icon-button.tsx'

const CLOSE = ['M3.5 3.5l9 9', 'M12.5 3.5l-9 9']

export interface DialogProps {
  title: string
  close(): void
  children: ComponentChildren
}

/** Open as long as it is drawn. */
export function Dialog({ title, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const { current } = dialog
    current?.showModal()
    return () => current?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
    >
      <header class="dialog__head">
        {/* The focus goes here when the element that had it is gone. */}
        <h2 id={id} class="dialog__title" tabIndex={-1}>
          {title}
        </h2>
        <IconButton icon={CLOSE} label="Close" onClick={close} />
      </header>
      {children}
    </dialog>
  )
}
