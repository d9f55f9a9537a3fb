import { type Instant } from './clock.js';
import { RECLAIM_AGAIN_MS, RECLAIM_EVERY_MS } from './follower-limits.js';
import { type RecordApplier } from './record-applier.js';
import { monotonicMs, type EpochMs } from './units.js';

/** When memory is taken back from what is over: a slice at a time, so that no request waits for it. */
export class ReclaimSchedule {
  #dueAt = monotonicMs(Number.NEGATIVE_INFINITY);

  /** `tickTime`: the service's time, by its newest tick. Without one nothing is let go: our own clock may be wrong. */
  reclaim(applier: RecordApplier, tickTime: EpochMs | undefined, now: Instant): void {
    if (tickTime === undefined || now.monotonic < this.#dueAt) return;
    const reclaimed = applier.reclaim(now.wall, tickTime);
    this.#dueAt = monotonicMs(now.monotonic + (reclaimed > 0 ? RECLAIM_AGAIN_MS : RECLAIM_EVERY_MS));
  }

  /** A pause of a second needs no alarm of its own: we are woken at least that often. */
  nextAt(now: Instant): number {
    const inMs = this.#dueAt - now.monotonic;
    // What is due already happens at the wake that was set for it.
    return inMs > 0 && inMs < RECLAIM_EVERY_MS / 2 ? this.#dueAt : Infinity;
  }
}
