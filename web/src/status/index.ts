/** The connection indicator, usable on its own: `createStatusIndicator()` and the style sheet `status.css`. */

export { createStatusIndicator, type StatusIndicator, type StatusIndicatorOptions } from './indicator.ts'
export { present, type StatusPresentation, type StatusTone } from './presentation.ts'
