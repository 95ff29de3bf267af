/** Toasts, usable on their own: `createToaster()` and the style sheet `toasts.css`. */

export { createJobNotices, type JobNotices, type JobNoticesOptions } from './job-notices.ts'
export type { JobToastContext } from './job-toast.ts'
export type { ShowToast, ToastAction, ToastType } from './store.ts'
export { createToaster, type Toaster, type ToasterOptions } from './view.ts'
