/** The debug panel; to be imported when somebody asks for it: `await import('./debug/index.ts')`. */

import './debug.css'

export { createDebugPanel, type DebugPanel, type DebugPanelOptions } from './panel.ts'
