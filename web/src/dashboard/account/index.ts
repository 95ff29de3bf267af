/** What concerns the user's account and not one incident, in one file. */

export { WaitingClaims } from '../waiting-claims/waiting-claims.tsx'
export { AccountDialog } from './account-dialog.tsx'
