import { type Revocation } from './revocation.js';
import { type TokenFacts } from './token.js';
import { type EpochMs, epochSeconds } from './units.js';

/**
 * Token ids that begin so belong to no token: a node that applies the revocation of one asks its own gate for such a token, and
 * says what became of it. Whatever an identity provider issues begins otherwise.
 */
export const CANARY_PREFIX = 'revocast-canary-';

/** What the gate did with the canary: refused it by that revocation, let it pass, or neither shows anything. */
export const CANARY_OUTCOMES = ['refused', 'accepted', 'unproven'] as const;
export type CanaryOutcome = (typeof CANARY_OUTCOMES)[number];

export interface CanaryReport {
  readonly revocationId: string;
  readonly outcome: CanaryOutcome;
}

/** Canaries of several drills may come together; what is older is no news. */
export const CANARIES_MAX = 4;

export const isCanary = ({ key }: Revocation): boolean =>
  key.scope === 'token' && 'jti' in key && key.jti.startsWith(CANARY_PREFIX);

/** No canary is older or shorter-lived than this; nothing is signed, so it need not fit the issuer's lifetime. Seconds. */
const CANARY_SECONDS = 3_600;

/** Facts of a token that nobody was given. Its cut-off time lies ahead, so that a cut-off of the whole issuer does not hit it. */
export const canaryFacts = (issuer: string, jti: string, now: EpochMs): TokenFacts => {
  const second = Math.floor(now / 1000);
  const ahead = epochSeconds(second + CANARY_SECONDS);
  return {
    ...{ issuer, jti, issuedAt: epochSeconds(second), expiresAt: ahead, cutoffTime: ahead },
    signingInputHash: () => '',
  };
};
