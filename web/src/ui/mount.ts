/** Puts components into a page that is not made of components. */

import { type ComponentChild, render } from 'preact'
import { drawOncePerFrame } from './frames.ts'

/** @returns the way to remove them again; their effects are cleaned up. */
export function mount(component: ComponentChild, parent: Element): () => void {
  drawOncePerFrame()
  render(component, parent)
  return () => render(null, parent)
}
