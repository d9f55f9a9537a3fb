/** What a revocation can be keyed by; docs/ARCHITECTURE.md has the table of claims each one reads. */
export const SCOPES = ['token', 'session', 'subject', 'client', 'grant', 'device', 'issuer', 'key'] as const;
export type Scope = (typeof SCOPES)[number];

/** Key fields are at most this many UTF-8 bytes; the guard refuses tokens with longer ones. */
export const KEY_FIELD_BYTES_MAX = 1024;

/**
 * What exactly is revoked, within one issuer. `token` names either the `jti` or the base64url SHA-256 of the
 * ASCII signing input `header.payload` (RFC 7515 section 5.1), never the signature: ECDSA signatures are malleable.
 * `key` names the JWK that verified, by its own `kid` or its base64url RFC 7638 SHA-256 thumbprint.
 */
export type RevocationKey =
  | { readonly scope: 'token'; readonly jti: string }
  | { readonly scope: 'token'; readonly signingInputHash: string }
  | { readonly scope: 'session'; readonly sid: string }
  | { readonly scope: 'subject'; readonly sub: string }
  | { readonly scope: 'client'; readonly clientId: string }
  | { readonly scope: 'grant'; readonly sub: string; readonly clientId: string }
  | { readonly scope: 'device'; readonly deviceId: string }
  | { readonly scope: 'issuer' }
  | { readonly scope: 'key'; readonly kid: string }
  | { readonly scope: 'key'; readonly thumbprint: string };

/** The names of all key fields a command or a record may carry. */
export const KEY_FIELDS = [
  'jti',
  'signingInputHash',
  'sid',
  'sub',
  'clientId',
  'deviceId',
  'kid',
  'thumbprint',
] as const;
export type KeyField = (typeof KEY_FIELDS)[number];
