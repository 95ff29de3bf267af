/** Counts the tabs that share the connection by their Web Locks: the name of each lock has the user's id, see `client/tabs/`. */

/** @returns null where the browser has no Web Locks, or does not let the page query them. */
export async function countTabs(userId: string): Promise<number | null> {
  try {
    const { held = [] } = await navigator.locks.query()
    // A tab's lock is `claimwire:<protocol>:<user>:<tab>`. The leader's lock has no tab in its name.
    const tabs = held.filter(({ name }) => name?.startsWith('claimwire:') && name.includes(`:${userId}:`))
    return tabs.length === 0 ? null : tabs.length
  } catch {
    // Without Web Locks, tabs share no connection.
    return null
  }
}
