import { type ErrorCode, type Scope, type TokenFacts, type Verdict } from '@revocast/core';

export type TokenClaims = Readonly<Record<string, unknown>>;
export type TokenHeader = Readonly<Record<string, unknown>>;

/** A token whose signature, type, audience and times are right; says nothing about revocations. */
export interface Verified {
  readonly claims: TokenClaims;
  readonly header: TokenHeader;
  readonly facts: TokenFacts;
}

/** Why a request is refused and what the answer to it says, as plain data for any framework. */
export interface Refusal {
  readonly outcome: 'refuse';
  readonly status: 400 | 401 | 503;
  readonly code: ErrorCode;
  /** Value of the `WWW-Authenticate` header (RFC 6750 section 3, RFC 9470 section 3); absent with 503. */
  readonly challenge?: string;
  /** Value of the `Retry-After` header; present with 503, jittered so that a fleet's clients do not come back at once. */
  readonly retryAfterSeconds?: number;
  /** Which revocation hit, when one did. For logs and the audit, not for the client. */
  readonly revocationId?: string;
  readonly scope?: Scope;
  /** Present once the token was verified. */
  readonly facts?: TokenFacts;
}

/** The request may go on. `verdict` says whether that rests on `active` or on a mode that lets others pass. */
export interface Passed {
  readonly outcome: 'pass';
  readonly facts: TokenFacts;
  readonly verdict: Verdict;
}

export type GateAnswer = (Passed & { readonly claims: TokenClaims }) | Refusal;

/** The answer for a token verified earlier. */
export type RecheckAnswer = Passed | Refusal;

/** What an Authorization header holds. */
export type Credentials = { readonly outcome: 'read'; readonly token: string | undefined } | Refusal;

/** Let pass by `observe` alone: the claims that another guard left could not be read, so there are no facts. */
export interface PassedUncovered {
  readonly outcome: 'pass';
  readonly verdict: Verdict;
  readonly facts?: undefined;
}

/** The answer for claims that another guard verified. */
export type ClaimsAnswer = RecheckAnswer | PassedUncovered;
