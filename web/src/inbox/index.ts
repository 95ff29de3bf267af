/** The inbox, usable on its own with `createInbox()`, which brings its styles. */

export { createInbox, type Inbox, type InboxOptions } from './inbox.tsx'
export type { InboxListProps } from './inbox-list.tsx'
export { createListView, type ListView } from './list-view.tsx'
export { createPreferenceSource, type PreferenceChoice, type PreferenceSource } from './preferences.ts'
export { createInboxSource, type InboxSource, type Names, type Notice, type NoticeFilter } from './source.ts'
export { type InboxClient, InboxStore, type InboxStoreOptions } from './store.ts'
