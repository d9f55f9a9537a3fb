import { type Clock, type Prng, type TokenFacts } from '@revocast/core';
import { type Verified } from './answer.js';
import { type IssuerConfig } from './issuer-config.js';
import { type Fetch } from './key-fetch.js';

export interface TokenVerifierOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly clock: Clock;
  /** For key sets; default the global one. */
  readonly fetch?: Fetch;
  /** Jitter of the back-off; default `Math.random`. */
  readonly prng?: Prng;
}

export interface VerifyOptions {
  /** For tokens that are to be revoked or explained, not let in. */
  readonly ignoreExpiry?: boolean;
}

/** Verifies tokens without asking for revocations: for the gate, and for operators of the service. */
export interface TokenVerifier {
  /** Throws RevocationError: an ERR_TOKEN_* code, or ERR_KEYS_UNAVAILABLE. */
  verify(token: string, options?: VerifyOptions): Promise<Verified>;
  /** Whether a token verified earlier would be refused now: its issuer was taken out, or `exp` plus clock skew is reached. */
  refusalNow(facts: TokenFacts): 'ERR_TOKEN_ISSUER_UNKNOWN' | 'ERR_TOKEN_EXPIRED' | undefined;
  /** A verifier of other issuers. Those whose keys are to be had as before keep the ones they have, also in an outage. */
  withIssuers(issuers: readonly IssuerConfig[]): TokenVerifier;
}
