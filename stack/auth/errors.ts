/** GoTrue's errors: HTTP status, code and message, in the two forms of body that its clients know. */

const API_VERSION_HEADER = 'x-supabase-api-version'
/** From this API version on, `code` of the body is the error code; before, it was the HTTP status. */
const CODED_VERSION = '2024-01-01'

export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly status: number
  readonly code: string
  readonly extra: Readonly<Record<string, unknown>>

  constructor(status: number, code: string, message: string, extra: Record<string, unknown> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.extra = extra
  }

  toResponse(request: Request): Response {
    const version = request.headers.get(API_VERSION_HEADER)
    if (version !== null && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= CODED_VERSION) {
      return Response.json(
        { code: this.code, message: this.message, ...this.extra },
        { status: this.status, headers: { [API_VERSION_HEADER]: CODED_VERSION } },
      )
    }
    return Response.json(
      { code: this.status, error_code: this.code, msg: this.message, ...this.extra },
      { status: this.status },
    )
  }
}

export const authErrors = {
  badJson: () => new AuthError(400, 'bad_json', 'Could not parse request body as JSON'),
  validation: (message: string, status = 400) => new AuthError(status, 'validation_failed', message),
  invalidEmail: () => authErrors.validation('Unable to validate email address: invalid format'),
  passwordTooLong: () => authErrors.validation('Password cannot be longer than 72 characters'),
  weakPassword: (minimum: number) =>
    new AuthError(422, 'weak_password', `Password should be at least ${minimum} characters.`, {
      weak_password: { reasons: ['length'] },
    }),
  samePassword: () =>
    new AuthError(422, 'same_password', 'New password should be different from the old password.'),
  invalidCredentials: () => new AuthError(400, 'invalid_credentials', 'Invalid login credentials'),
  unsupportedGrant: () => new AuthError(400, 'invalid_credentials', 'unsupported_grant_type'),
  emailNotConfirmed: () => new AuthError(400, 'email_not_confirmed', 'Email not confirmed'),
  userBanned: () => new AuthError(400, 'user_banned', 'User is banned'),
  userAlreadyExists: () => new AuthError(422, 'user_already_exists', 'User already registered'),
  emailExists: () =>
    new AuthError(422, 'email_exists', 'A user with this email address has already been registered'),
  phoneDisabled: () => new AuthError(400, 'phone_provider_disabled', 'Phone logins are disabled'),
  idExists: () => new AuthError(409, 'conflict', 'A user with this id has already been registered'),
  linkUserNotFound: () => new AuthError(404, 'user_not_found', 'User with this email not found'),
  userNotFound: () => new AuthError(404, 'user_not_found', 'User not found'),
  signUpDisabled: () => new AuthError(422, 'signup_disabled', 'Signups not allowed for this instance'),
  anonymousDisabled: () =>
    new AuthError(422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled'),
  otpDisabled: () => new AuthError(422, 'otp_disabled', 'Signups not allowed for otp'),
  linkInvalid: () => new AuthError(403, 'otp_expired', 'Email link is invalid or has expired'),
  codeInvalid: () => new AuthError(403, 'otp_expired', 'Token has expired or is invalid'),
  verifyUserBanned: () => new AuthError(403, 'user_banned', 'User is banned'),
  /** @param seconds until the next mail */
  mailTooSoon: (seconds: number) =>
    new AuthError(
      429,
      'over_email_send_rate_limit',
      `For security purposes, you can only request this after ${seconds} seconds.`,
    ),
  tooManyMails: () => new AuthError(429, 'over_email_send_rate_limit', 'email rate limit exceeded'),
  tooManyRequests: () => new AuthError(429, 'over_request_rate_limit', 'Request rate limit reached'),
  mailNotSent: (kind: string) => new AuthError(500, 'unexpected_failure', `Error sending ${kind} email`),
  flowStateNotFound: (message: string, status: number) =>
    new AuthError(status, 'flow_state_not_found', message),
  flowStateExpired: () =>
    new AuthError(422, 'flow_state_expired', 'invalid flow state, flow state has expired'),
  badCodeVerifier: () =>
    new AuthError(400, 'bad_code_verifier', 'code challenge does not match previously saved code verifier'),
  reauthenticationUnconfirmed: () =>
    new AuthError(422, 'email_not_confirmed', 'Please verify your email first.'),
  reauthenticationNeeded: () =>
    new AuthError(400, 'reauthentication_needed', 'Password update requires reauthentication'),
  reauthenticationNotValid: () =>
    new AuthError(422, 'reauthentication_not_valid', 'Nonce has expired or is invalid'),
  currentPasswordRequired: () =>
    new AuthError(400, 'current_password_required', 'Current password required when setting new password.'),
  currentPasswordMismatch: () =>
    new AuthError(400, 'current_password_mismatch', 'Current password required when setting new password.'),
  insufficientAal: (message: string, status: number) => new AuthError(status, 'insufficient_aal', message),
  factorNotFound: () => new AuthError(404, 'mfa_factor_not_found', 'Factor not found'),
  factorNameTaken: (name: string) =>
    new AuthError(
      422,
      'mfa_factor_name_conflict',
      `A factor with the friendly name ${JSON.stringify(name)} for this user already exists`,
    ),
  tooManyFactors: () =>
    new AuthError(
      422,
      'too_many_enrolled_mfa_factors',
      'Maximum number of verified factors reached, unenroll to continue',
    ),
  factorDisabled: (action: 'Enroll' | 'Verify', code: 'totp' | 'phone' | 'webauthn', name: string) =>
    new AuthError(
      422,
      `mfa_${code}_${action.toLowerCase()}_not_enabled`,
      `MFA ${action === 'Enroll' ? 'enroll' : 'verification'} is disabled for ${name}`,
    ),
  challengeNotFound: () =>
    new AuthError(422, 'mfa_factor_not_found', 'MFA factor with the provided challenge ID not found'),
  challengeMismatch: () =>
    new AuthError(422, 'mfa_ip_address_mismatch', 'Challenge and verify IP addresses mismatch.'),
  challengeExpired: (id: string) =>
    new AuthError(
      422,
      'mfa_challenge_expired',
      `MFA challenge ${id} has expired, verify against another challenge or create a new challenge.`,
    ),
  factorCodeInvalid: () => new AuthError(422, 'mfa_verification_failed', 'Invalid TOTP code entered'),
  anonymousNotAllowed: () =>
    new AuthError(403, 'no_authorization', 'Anonymous user not allowed to perform these actions'),
  manualLinkingDisabled: () => new AuthError(404, 'manual_linking_disabled', 'Manual linking is disabled'),
  singleIdentity: () =>
    new AuthError(422, 'single_identity_not_deletable', 'User must have at least 1 identity after unlinking'),
  identityNotFound: () => new AuthError(422, 'identity_not_found', "Identity doesn't exist"),
  providerDisabled: () => authErrors.validation('Unsupported provider: provider is not enabled'),
  noOAuthState: () => new AuthError(400, 'bad_oauth_callback', 'OAuth state parameter missing'),
  samlDisabled: () => new AuthError(404, 'saml_provider_disabled', 'SAML 2.0 is disabled'),
  oauthServerDisabled: () => new AuthError(404, 'feature_disabled', 'OAuth server is disabled'),
  customProvidersDisabled: () =>
    new AuthError(404, 'feature_disabled', 'Custom OAuth providers are disabled'),
  passkeysDisabled: () => new AuthError(404, 'passkey_disabled', 'Passkeys are disabled'),
  web3Disabled: () => new AuthError(422, 'web3_provider_disabled', 'Web3 provider is disabled'),
  idTokenDisabled: (issuer: string) =>
    new AuthError(400, 'provider_disabled', `Provider (issuer ${JSON.stringify(issuer)}) is not enabled`),
  noAuthorization: () =>
    new AuthError(401, 'no_authorization', 'This endpoint requires a valid Bearer token'),
  badJwt: (reason: string, status = 403) => new AuthError(status, 'bad_jwt', reason),
  notAdmin: (message = 'User not allowed') => new AuthError(403, 'not_admin', message),
  subjectNotFound: () => new AuthError(403, 'user_not_found', 'User from sub claim in JWT does not exist'),
  sessionNotFound: () =>
    new AuthError(403, 'session_not_found', 'Session from session_id claim in JWT does not exist'),
  refreshTokenNotFound: () =>
    new AuthError(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found'),
  refreshTokenAlreadyUsed: () =>
    new AuthError(400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used'),
  refreshUserBanned: () => new AuthError(400, 'user_banned', 'Invalid Refresh Token: User Banned'),
  sessionExpired: () => new AuthError(400, 'session_expired', 'Invalid Refresh Token: Session Expired'),
  notFound: () => new AuthError(404, 'not_found', 'There is no such endpoint'),
  notImplemented: (endpoint: string) =>
    new AuthError(
      501,
      'not_implemented',
      `The embedded stack does not implement ${endpoint}; see "Auth" in docs/embedded-stack.md`,
    ),
  methodNotAllowed: () =>
    new AuthError(405, 'method_not_allowed', 'This endpoint does not accept the method'),
  unavailable: () => new AuthError(503, 'unexpected_failure', 'The database is unavailable; try again later'),
  unexpected: () =>
    new AuthError(
      500,
      'unexpected_failure',
      'Unexpected failure, please check server logs for more information',
    ),
} as const
