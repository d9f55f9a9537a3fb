import { type Scope } from './scope.js';
import { type TokenFacts } from './token.js';
import { type Sequence } from './units.js';

/**
 * Why nobody can say whether a token is revoked. `notCovered`: another guard verified it, and what it left of the token lacks
 * what a live revocation asks for.
 */
export type UnknownReason =
  'neverCurrent' | 'stale' | 'failed' | 'issuerUnreadable' | 'issuerSettings' | 'localFile' | 'notCovered';

/** The revocation that hits a token; read its members by name, do not spread it. `byAuthTime`: hit by a cut-off on `auth_time`, so the answer is RFC 9470's. */
export interface Hit {
  readonly scope: Scope;
  readonly revocationId: string;
  readonly byAuthTime: boolean;
}

export type Freshness =
  | { readonly fresh: true; readonly watermark: Sequence; readonly stalenessMs: number }
  | { readonly fresh: false; readonly because: UnknownReason; readonly everCurrent: boolean };

export type Verdict =
  | { readonly kind: 'active'; readonly watermark: Sequence }
  | ({ readonly kind: 'revoked' } & Hit)
  | { readonly kind: 'unknown'; readonly because: UnknownReason; readonly everCurrent: boolean };

/** What a guard does with `unknown`, a choice each user makes; there is no default. */
export const MODES = ['strict', 'bestEffort', 'observe'] as const;
export type Mode = (typeof MODES)[number];

/** Default and upper limit of staleness where nothing tighter is set. Milliseconds. */
export const STALENESS_MS_MAX_DEFAULT = 300_000;

/** What the gate asks: in memory, synchronous, no I/O. */
export interface RevocationSource {
  /** The first live revocation that hits the token, whatever the state of the follower. */
  find(token: TokenFacts): Hit | undefined;
  /**
   * Whether the last proof of being at the head is at most `boundMs` old, for this issuer, right now. `family`: the pattern
   * under which the issuer is configured, if it is not under its own name.
   */
  freshness(issuer: string, boundMs: number, family?: string): Freshness;
}

/**
 * Looks up first and reads the clock last: a hit stands whatever our state is, and a freshness that
 * was read before the look-up could have run out by the time the answer is given.
 */
export const decide = (source: RevocationSource, token: TokenFacts, boundMs: number): Verdict => {
  const hit = source.find(token);
  // By name: the id of a hit may be an accessor, which spreading would lose.
  if (hit !== undefined) {
    return { kind: 'revoked', scope: hit.scope, revocationId: hit.revocationId, byAuthTime: hit.byAuthTime };
  }
  const freshness = source.freshness(token.issuer, boundMs, token.family);
  return freshness.fresh
    ? { kind: 'active', watermark: freshness.watermark }
    : { kind: 'unknown', because: freshness.because, everCurrent: freshness.everCurrent };
};
