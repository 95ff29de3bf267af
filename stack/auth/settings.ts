/** Settings that an operator has on hosted Supabase, with GoTrue's defaults. `config.ts` reads them from config.toml. */

export interface AuthSettings {
  /** Lifetime of an access token in seconds. */
  accessTokenLifetime: number
  /** Seconds in which a used refresh token may be used again, for two tabs or a lost answer. */
  refreshTokenReuseInterval: number
  /** Characters. */
  minimumPasswordLength: number
  /** Rounds of bcrypt, as a power of two. */
  bcryptCost: number
  /** Address of the application: where links in mails lead. */
  siteUrl: string
  /** Patterns of addresses that links may lead to beside `siteUrl`; `redirects.ts` has their form. */
  redirectUrls: readonly string[]
  signUpEnabled: boolean
  anonymousEnabled: boolean
  /** Whether a sign-up counts as confirmed without a mail. */
  autoconfirm: boolean
  /** Whether a changed address must be confirmed from the old address, too. */
  confirmsBothAddresses: boolean
  /** Whether a new password needs a code from `/reauthenticate` when the session is older than a day. */
  passwordNeedsReauthentication: boolean
  /** Whether the current password must be given for a new one, unless the session came from a mail. */
  passwordNeedsCurrent: boolean
  manualLinkingEnabled: boolean
  /** Seconds between two mails of one kind to one user. */
  mailInterval: number
  /** Mails of all users together. */
  mailsPerHour: number
  /** Digits of a code in a mail. */
  codeLength: number
  /** Seconds in which the code and the link of a mail work. */
  codeLifetime: number
  /** Wrong codes for an address after which the code of its last mail no longer works. */
  codeTries: number
  /** Wrong codes for an address in an hour after which every code is refused. */
  codeTriesPerHour: number
  /** Seconds in which a PKCE code can be exchanged. */
  flowLifetime: number
  /** Seconds in which a challenge of a factor can be answered. */
  challengeLifetime: number
  maxFactors: number
  totpEnrollEnabled: boolean
  totpVerifyEnabled: boolean
}

export const DEFAULT_AUTH_SETTINGS: AuthSettings = {
  accessTokenLifetime: 3600,
  refreshTokenReuseInterval: 10,
  minimumPasswordLength: 6,
  bcryptCost: 10,
  siteUrl: 'http://127.0.0.1:3000',
  redirectUrls: [],
  signUpEnabled: true,
  anonymousEnabled: false,
  autoconfirm: false,
  confirmsBothAddresses: true,
  passwordNeedsReauthentication: false,
  passwordNeedsCurrent: false,
  manualLinkingEnabled: false,
  mailInterval: 60,
  mailsPerHour: 360_000,
  codeLength: 6,
  codeLifetime: 3600,
  codeTries: 5,
  codeTriesPerHour: 30,
  flowLifetime: 300,
  challengeLifetime: 300,
  maxFactors: 10,
  totpEnrollEnabled: true,
  totpVerifyEnabled: true,
}

/** Body of `GET /settings`. */
export function publicSettings(settings: AuthSettings): object {
  return {
    external: { ...ABSENT_PROVIDERS, anonymous_users: settings.anonymousEnabled, email: true },
    disable_signup: !settings.signUpEnabled,
    mailer_autoconfirm: settings.autoconfirm,
    phone_autoconfirm: false,
    sms_provider: '',
    saml_enabled: false,
  }
}

const ABSENT_PROVIDERS = {
  apple: false,
  azure: false,
  bitbucket: false,
  discord: false,
  facebook: false,
  figma: false,
  fly: false,
  github: false,
  gitlab: false,
  google: false,
  kakao: false,
  keycloak: false,
  linkedin: false,
  linkedin_oidc: false,
  notion: false,
  phone: false,
  slack: false,
  slack_oidc: false,
  spotify: false,
  twitch: false,
  twitter: false,
  workos: false,
  zoom: false,
} as const
