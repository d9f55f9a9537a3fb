import { type Condition } from './condition.js';
import { type RevocationKey } from './scope.js';
import { type EpochSeconds } from './units.js';

/**
 * When a revocation hits a token of its key:
 * `always` (token, session, key), `issuedBefore` (a cut-off, exclusive: hit iff the issuer's cut-off claim is
 * strictly before it), `suspended` (whatever the token's times, until lifted).
 */
export type Effect =
  | { readonly kind: 'always' }
  | { readonly kind: 'issuedBefore'; readonly issuedBefore: EpochSeconds }
  | { readonly kind: 'suspended' };

/** One revocation: one entry of the index, identified by its id alone. */
export interface Revocation {
  readonly id: string;
  readonly issuer: string;
  readonly key: RevocationKey;
  readonly effect: Effect;
  /** When the last token it can hit has expired, plus skew; `lifted` = until it is lifted. */
  readonly retainUntil: EpochSeconds | 'lifted';
  /** Whom it lets off; only of the scopes `CONDITION_SCOPES`. A record of the same id without one ends the condition. */
  readonly condition?: Condition;
  /** Ids of dominated revocations of the same key that this one replaces. */
  readonly supersedes?: readonly string[];
}

/** A tombstone: takes one revocation back, in whatever order the two arrive. */
export interface Lift {
  /** Id of the revocation that is taken back. */
  readonly id: string;
  /** How long the revocation could still come back from the log, a snapshot or a re-publication. */
  readonly retainUntil: EpochSeconds;
}

/** At most this many live entries per key; the next record names those it supersedes. */
export const ENTRIES_PER_KEY_MAX = 16;
