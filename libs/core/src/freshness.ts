import { type Instant } from './clock.js';
import { CLOCK_JUMP_MS_MAX } from './follower-limits.js';
import { epochMs, monotonicMs, type Sequence } from './units.js';

/** Milliseconds from `since` to `now` by the clock that ran faster: neither a stopped process nor a stepped clock makes us fresher. */
export const elapsedMs = (since: Instant, now: Instant): number =>
  Math.max(now.monotonic - since.monotonic, now.wall - since.wall);

/**
 * Whether the clocks disagree about the time since then. Wall ahead: a suspend, or a step forward, and time went by
 * unseen. Wall behind: it was stepped back, and from now on would hide a suspend of that length.
 */
export const clocksDisagree = (since: Instant, now: Instant): boolean =>
  Math.abs(now.wall - since.wall - (now.monotonic - since.monotonic)) > CLOCK_JUMP_MS_MAX;

/** The instant `ms` before `at`, by both clocks. */
export const backdate = (at: Instant, ms: number): Instant => ({
  wall: epochMs(at.wall - ms),
  monotonic: monotonicMs(at.monotonic - ms),
});

/** The last proof of being at the head, dated by the moment of asking. */
export class LastProof {
  #at: Instant | undefined;
  #jumped = false;
  #ever = false;

  /** Whether there was ever a proof. */
  get ever(): boolean {
    return this.#ever;
  }

  /** Whether there is one about the log that we follow. */
  get exists(): boolean {
    return this.#at !== undefined;
  }

  /** We held everything that the log had at `at`. An older proof than the one we have says nothing new. */
  prove(at: Instant): void {
    this.#ever = true;
    if (this.#at !== undefined && !this.#jumped && at.monotonic < this.#at.monotonic) return;
    this.#at = at;
    this.#jumped = false;
  }

  /** The log it was about is gone. */
  drop(): void {
    this.#at = undefined;
    this.#jumped = false;
  }

  /** Milliseconds since the proof; infinity without one. */
  stalenessMs(now: Instant): number {
    return this.#at === undefined ? Number.POSITIVE_INFINITY : elapsedMs(this.#at, now);
  }

  /**
   * Whether the clocks disagree since the proof, so that nobody knows its age; only a new proof ends that. Remembered:
   * a clock that is stepped back again does not bring the proof back.
   */
  isDoubtful(now: Instant): boolean {
    this.#jumped ||= this.#at !== undefined && clocksDisagree(this.#at, now);
    return this.#jumped;
  }
}

/** The log's head as proven by its leader, not yet reached by our watermark. */
interface HeadClaim {
  readonly target: Sequence;
  readonly at: Instant;
}

/**
 * Heads on their way to become proofs: the oldest one that is not reached yet, and the newest. With the newest alone a log
 * that grows faster than we read would never prove anything; with all of them memory would grow.
 */
export class HeadClaims {
  #oldest: HeadClaim | undefined;
  #newest: HeadClaim | undefined;

  /** Heads only grow, and are asked for one at a time: a smaller one means that the log lost what an older claim waits for. */
  offer(target: Sequence, at: Instant): void {
    if (this.#oldest !== undefined && this.#oldest.target > target) this.clear();
    if (this.#oldest === undefined) this.#oldest = { target, at };
    else this.#newest = { target, at };
  }

  clear(): void {
    this.#oldest = undefined;
    this.#newest = undefined;
  }

  /** The latest instant whose head `watermark` has reached; it is taken out. */
  takeReached(watermark: Sequence): Instant | undefined {
    let reached: Instant | undefined;
    while (this.#oldest !== undefined && this.#oldest.target <= watermark) {
      reached = this.#oldest.at;
      this.#oldest = this.#newest;
      this.#newest = undefined;
    }
    return reached;
  }
}
