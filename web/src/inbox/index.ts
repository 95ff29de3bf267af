/** The inbox, usable on its own: `createInbox()` and the style sheet `inbox.css`. */

export { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
export { createListView, type ListView, type ListViewOptions } from './list-view.ts'
export { createInboxSource, type InboxSource, type Names, type Notice, type NoticeFilter } from './source.ts'
export { type InboxClient, InboxStore, type InboxStoreOptions } from './store.ts'
