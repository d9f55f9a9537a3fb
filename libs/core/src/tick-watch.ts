import { type Instant } from './clock.js';
import { TICKS_MISSED_MS } from './follower-limits.js';
import { type Tick } from './record.js';
import { type MonotonicMs } from './units.js';

/**
 * What ticks tell: the service's time, its bound for the fleet, and that the live feed is not dead. Never that we are
 * fresh: in a feed that is ten seconds late every tick arrives on time.
 */
export class TickWatch {
  #newest: Tick | undefined;
  #heardAt: MonotonicMs | undefined;
  #alarmed = false;

  /** The newest by the time it carries: an old one that is sent again says nothing. */
  get newest(): Tick | undefined {
    return this.#newest;
  }

  get alarmed(): boolean {
    return this.#alarmed;
  }

  /** From now on ticks should arrive. */
  listen(now: Instant): void {
    this.#heardAt = now.monotonic;
  }

  /** The connection is gone: silence no longer means anything. */
  pause(): void {
    this.#heardAt = undefined;
    this.#alarmed = false;
  }

  /** True if no newer tick was heard before. */
  hear(tick: Tick, now: Instant): boolean {
    if (this.#heardAt !== undefined) this.#heardAt = now.monotonic;
    this.#alarmed = false;
    if (this.#newest !== undefined && tick.time <= this.#newest.time) return false;
    this.#newest = tick;
    return true;
  }

  /** True once per silence, when it has lasted for three ticks. */
  alarms(now: Instant): boolean {
    if (this.#alarmed || this.#heardAt === undefined || now.monotonic - this.#heardAt < TICKS_MISSED_MS) return false;
    this.#alarmed = true;
    return true;
  }
}
