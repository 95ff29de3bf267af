/** The connection indicator and the tab's badge, usable on their own with the style sheet `status.css`. */

export {
  type CreateDetails,
  createStatusIndicator,
  type Details,
  type DetailsContext,
  type StatusIndicator,
  type StatusIndicatorOptions,
} from './indicator.ts'
export { createPageBadge, type PageBadge, type PageBadgeOptions } from './page-badge.ts'
export { present, type StatusPresentation, type StatusTone } from './presentation.ts'
