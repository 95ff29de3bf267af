/** Settings that an operator has on hosted Supabase, with the embedded stack's defaults. */

export interface AuthSettings {
  /** Lifetime of an access token in seconds. */
  accessTokenLifetime: number
  /** Seconds in which a used refresh token may be used again, for two tabs or a lost answer. */
  refreshTokenReuseInterval: number
  /** Characters. */
  minimumPasswordLength: number
  /** Rounds of bcrypt, as a power of two. */
  bcryptCost: number
}

export const DEFAULT_AUTH_SETTINGS: AuthSettings = {
  accessTokenLifetime: 3600,
  refreshTokenReuseInterval: 10,
  minimumPasswordLength: 6,
  bcryptCost: 10,
}

/** Body of `GET /settings`. The embedded stack sends no mail, so it takes every address for confirmed. */
export const PUBLIC_SETTINGS = {
  external: {
    anonymous_users: true,
    apple: false,
    azure: false,
    bitbucket: false,
    discord: false,
    email: true,
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
  },
  disable_signup: false,
  mailer_autoconfirm: true,
  phone_autoconfirm: false,
  sms_provider: '',
  saml_enabled: false,
} as const
