/**
 * The connection indicator, usable on its own: `createStatusIndicator()` and the style sheet `status.css`; with
 * `createStatusDetails()` also `status-card.css`.
 */

export { type CreateDetails, createStatusDetails, type Details, type DetailsContext } from './details.ts'
export { createStatusIndicator, type StatusIndicator, type StatusIndicatorOptions } from './indicator.ts'
export { createPageBadge, type PageBadge, type PageBadgeOptions } from './page-badge.ts'
export { present, type StatusPresentation, type StatusTone } from './presentation.ts'
