/** Which time claim a cut-off is compared with. `auth_time` survives refreshes (OIDC Core 2), `iat` does not. */
export type CutoffClaim = 'iat' | 'auth_time';

/** Which claim carries each key field; several names = the first one present wins. Absent = the scope cannot be enforced. */
export interface ClaimNames {
  readonly tokenId?: readonly string[];
  readonly session?: readonly string[];
  readonly subject?: readonly string[];
  readonly client?: readonly string[];
  readonly device?: readonly string[];
}

/** The settings of one issuer that soundness rests on; they travel in the log so that service and nodes agree. */
export interface IssuerSettings {
  readonly issuer: string;
  /** L: a token with `exp - iat` above it is refused. Seconds, default 86,400. */
  readonly maxLifetimeSeconds: number;
  /** Longest life of a session at the issuer, over all refreshes. Seconds. */
  readonly sessionMaxSeconds: number;
  /** Allowed difference of clocks. Seconds, default 60. */
  readonly clockSkewSeconds: number;
  readonly cutoffClaim: CutoffClaim;
  /** Added to `iat` before it is compared: corrects issuers that back-date it (Entra: 300). Seconds. */
  readonly issuedAtOffsetSeconds: number;
  /** How far the issuer's clock may run ahead; added to cut-offs made from an event time. Seconds, default 0. */
  readonly leadSeconds: number;
  readonly claims: ClaimNames;
  /** Claims without which a token of this issuer is refused. */
  readonly require: readonly string[];
}
