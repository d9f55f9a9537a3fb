import { type KeyMemo } from './key-memo.js';
import { type EpochSeconds } from './units.js';

/** What the index needs of a verified token. Made by the gate from verified claims only. */
export interface TokenFacts {
  readonly issuer: string;
  /** The pattern under which the issuer is configured and its settings are declared; absent = under its own name. */
  readonly family?: string;
  /** `iat` as issued, before `issuedAtOffsetSeconds`. */
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  /** The time a cut-off is compared with, per the issuer's `cutoffClaim`, offset applied; undefined = missing or 0, which counts as hit. */
  readonly cutoffTime: EpochSeconds | undefined;
  readonly jti?: string;
  readonly sid?: string;
  readonly sub?: string;
  readonly clientId?: string;
  readonly deviceId?: string;
  /** `kid` of the JWK that verified the token, not of the token's header. */
  readonly kid?: string;
  /** RFC 7638 thumbprint of the JWK that verified the token (absent for shared secrets). */
  readonly thumbprint?: string;
  /** base64url SHA-256 of the ASCII signing input; a function, since it is computed only while such an entry is live. */
  readonly signingInputHash: () => string;
  /** Of facts that are kept over many checks. Not enumerable, so that other facts made from these get none. */
  readonly keyMemo?: KeyMemo;
}
