/** Toasts, usable on their own: `createToaster()` and the style sheet `toasts.css`. */

export type { ShowToast, ToastType } from './store.ts'
export { createToaster, type Toaster, type ToasterOptions } from './view.ts'
