import { type Lift, type Revocation } from './revocation.js';
import { type TokenFacts } from './token.js';
import { type EpochMs } from './units.js';
import { type Hit } from './verdict.js';
import { type CutoffClaim } from './issuer-settings.js';

/** Counts for metrics and the heartbeat. */
export interface IndexSize {
  /** Revocations that are neither lifted, superseded nor expired. */
  readonly liveEntries: number;
  readonly tombstones: number;
  readonly indexBytes: number;
}

/**
 * Everything revoked, in memory: a filter in front of an exact set. Applying is idempotent and commutes
 * (state = revocations minus tombstones), so replay, reordering and uniting are harmless; only a miss hurts.
 */
export interface RevocationIndex {
  apply(revocation: Revocation): void;
  lift(lift: Lift): void;
  /**
   * The first live revocation that hits the token at `now`: expired entries stop counting by this same reading.
   * `cutoffClaim` is the issuer's, and only decides how a cut-off hit is named in the answer.
   */
  find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined;
  /** Whether a revocation of this id is live: applied, not lifted, not expired. */
  has(id: string, now: EpochMs): boolean;
  /**
   * Reclaims what ended more than an hour before both times, at most `entriesMax` per call.
   * Both: the local clock alone would forget live entries when it is stepped forward.
   */
  reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number;
  size(now: EpochMs): IndexSize;
  image(): Iterable<Uint8Array>;
  readImage(): ImageReader;
}

export interface ImageReader {
  take(part: Uint8Array): void;
  end(): void;
}
