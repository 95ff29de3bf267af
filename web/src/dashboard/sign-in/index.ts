/** The pages of people without a session, loaded when there is none. */

export { NewPassword } from './new-password.tsx'
export { SignIn } from './sign-in.tsx'
