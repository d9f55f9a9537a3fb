import { type CutoffClaim } from './issuer-settings.js';
import { type Lift, type Revocation } from './revocation.js';
import { type TokenFacts } from './token.js';
import { type EpochMs } from './units.js';
import { type Hit } from './verdict.js';

/** What ended is kept for this long, by both clocks. Seconds. */
export const RECLAIM_AFTER_SECONDS = 3600;

/** Counts for metrics and the heartbeat. */
export interface IndexSize {
  /**
   * Revocations that are neither lifted nor ended. Never too low. Too high while a lift waits for the sweep that meets its
   * entry, and by what ends within the present step of time: a second, or longer where ends lie years apart.
   */
  readonly liveEntries: number;
  readonly tombstones: number;
  /** Everything the index holds: typed arrays exactly, the few entries outside of them by estimate. */
  readonly indexBytes: number;
  /** Hashes that the filter in use has room for. */
  readonly filterCapacity: number;
  /** Look-ups that found nothing, by key, since the index was made. */
  readonly misses: number;
  /** Of these, the ones that the filter let pass: each cost a look into the exact set and changed no answer. */
  readonly falsePositives: number;
}

/** Takes an image in, part by part: unites it with what is held. Some milliseconds a part. */
export interface ImageReader {
  /**
   * Checks the whole part before it takes anything of it. Throws ERR_IMAGE_CORRUPT, or ERR_IMAGE_KEY when the image was
   * written under another hash key; what was taken of other parts stays, which is harmless.
   */
  take(part: Uint8Array): void;
  /** All parts were taken. Throws ERR_IMAGE_CORRUPT when one is missing, came twice or belongs to another image. */
  end(): void;
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
  /**
   * Reclaims what was lifted, and what ended more than an hour before both times, at most `entriesMax` entries and
   * tombstones per call; also carries on with whatever else is done in slices. Answers how many were reclaimed.
   * Both times: the local clock alone would forget live entries when it is stepped forward.
   */
  reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number;
  size(now: EpochMs): IndexSize;
  /**
   * Everything held, in parts of at most 960 KiB. Other writes may fall between two parts: what was there before the
   * first part is in the image for sure, what comes later may be.
   */
  image(): Iterable<Uint8Array>;
  readImage(): ImageReader;
}
