/** The parts of an incident's page that are loaded after the first paint, in one file. See `use-extras.ts`. */

export { FollowButtons } from '../follow/follow-buttons.tsx'
export { CaseBar } from '../people/case-bar.tsx'
export { WritersOnly } from '../people/writers-only.tsx'
export { UploadSection } from '../uploads/upload-section.tsx'
export { createExtras } from './create-extras.ts'
export { LinkedPhoto } from './linked-photo.tsx'
export { LiveLog } from './live-log.tsx'
export { Notes } from './notes.tsx'
export { People } from './people.tsx'
export { Sections } from './sections.tsx'
export { Timeline } from './timeline.tsx'
export { UnreadNotes } from './unread-notes.tsx'
