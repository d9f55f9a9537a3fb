import { type EpochMs, type MonotonicMs } from './units.js';

/**
 * Both clocks of a process. Staleness needs two: the wall clock keeps running while a process is
 * stopped, the monotonic one cannot be stepped back; the larger of both elapsed times counts.
 */
export interface Clock {
  wall(): EpochMs;
  monotonic(): MonotonicMs;
}

/** One reading of both clocks, taken together. */
export interface Instant {
  readonly wall: EpochMs;
  readonly monotonic: MonotonicMs;
}

export const readClock = (clock: Clock): Instant => ({ wall: clock.wall(), monotonic: clock.monotonic() });

/** Randomness for jitter, in [0, 1). Never used where an attacker gains by guessing. */
export type Prng = () => number;

/** Runs `task` once after `delayMs`; the returned function takes it back. Core owns no timer of its own. */
export type Schedule = (delayMs: number, task: () => void) => () => void;
