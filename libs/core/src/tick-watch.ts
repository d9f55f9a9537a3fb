import { type Instant } from './clock.js';
import { FIRST_TICK_MS_MAX, TICKS_MISSED_MS } from './follower-limits.js';
import { type Told } from './log-cursor.js';
import { type Tick } from './record.js';
import { BEFORE_FIRST, type MonotonicMs, type Sequence } from './units.js';

/** Epochs whose heads are remembered: that of now, and some that came before or after it. */
const EPOCHS_MAX = 8;

/**
 * What ticks tell: the service's time, its bound for the fleet, how far the log goes at least, and that the live feed is not
 * dead. Never that we are fresh: in a feed that is ten seconds late every tick arrives on time.
 */
export class TickWatch {
  #newest: Tick | undefined;
  #heardAt: MonotonicMs | undefined;
  #listeningSince: MonotonicMs | undefined;
  #alarmed = false;
  #heardHere = false;
  /** Nobody was told yet that the wait for the first one over this connection is over. */
  #waiting: boolean;
  /** The highest head that was told of an epoch. Every instance tells what it knows, so the highest is true. */
  readonly #heads = new Map<string, Sequence>();

  /** `promised`: a service that is alive is heard within a second. */
  constructor(private readonly promised: boolean) {
    this.#waiting = promised;
  }

  /** The newest by the time it carries: an old one that is sent again says nothing. */
  get newest(): Tick | undefined {
    return this.#newest;
  }

  get alarmed(): boolean {
    return this.#alarmed;
  }

  /** What the service had to say of the log of this epoch. */
  told(epoch: string, now: Instant): Told {
    return { head: this.#heads.get(epoch) ?? BEFORE_FIRST, spoken: this.#hasSpoken(now) };
  }

  /** True once per connection, when the wait for the first one is over: what was asked for before proves nothing. */
  endsWait(now: Instant): boolean {
    if (!this.#waiting || !this.#hasSpoken(now)) return false;
    this.#waiting = false;
    return true;
  }

  /** From now on ticks should arrive. */
  listen(now: Instant): void {
    this.#heardAt = now.monotonic;
    this.#listeningSince = now.monotonic;
  }

  /** The connection is gone: silence no longer means anything. */
  pause(): void {
    this.#heardAt = undefined;
    this.#listeningSince = undefined;
    this.#alarmed = false;
    this.#heardHere = false;
    this.#waiting = this.promised;
  }

  /** True if no newer tick was heard before. */
  hear(tick: Tick, now: Instant): boolean {
    if (this.#heardAt !== undefined) this.#heardAt = now.monotonic;
    this.#alarmed = false;
    this.#tell(tick);
    if (this.#newest !== undefined && tick.time <= this.#newest.time) return false;
    this.#newest = tick;
    this.#heardHere = true;
    return true;
  }

  /** True once per silence, when it has lasted for three ticks. */
  alarms(now: Instant): boolean {
    if (this.#alarmed || this.#heardAt === undefined || now.monotonic - this.#heardAt < TICKS_MISSED_MS) return false;
    this.#alarmed = true;
    return true;
  }

  /** A tick was heard over this connection, or none is to be waited for any longer. */
  #hasSpoken(now: Instant): boolean {
    if (!this.promised || this.#heardHere) return true;
    return this.#listeningSince !== undefined && now.monotonic - this.#listeningSince >= FIRST_TICK_MS_MAX;
  }

  #tell({ epoch, head }: Tick): void {
    const before = this.#heads.get(epoch) ?? BEFORE_FIRST;
    this.#heads.delete(epoch);
    this.#heads.set(epoch, head > before ? head : before);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > EPOCHS_MAX && oldest !== undefined) this.#heads.delete(oldest);
  }
}
