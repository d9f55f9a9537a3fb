import { AHEAD_MAX } from './follower-limits.js';
import { BEFORE_FIRST, sequence, type Sequence } from './units.js';

/** Sequences `from`..`to`, both included. */
export interface SequenceRange {
  readonly from: Sequence;
  readonly to: Sequence;
}

/**
 * Which sequences of one log are done. The watermark is the highest one at or below which nothing is missing, not the
 * highest one seen: with the maximum instead, a record that arrives early would hide the one before it, and the token
 * that one revokes would pass.
 */
export class LogProgress {
  #watermark = BEFORE_FIRST;
  #target = BEFORE_FIRST;
  /** Done, and above a gap; true where the log itself said so. Never further than `AHEAD_MAX` above the watermark, so it is bounded. */
  readonly #ahead = new Map<number, boolean>();
  /** The highest that is done. */
  #highest: number = BEFORE_FIRST;

  get watermark(): Sequence {
    return this.#watermark;
  }

  /** The highest sequence that the log is believed to have. */
  get target(): Sequence {
    return this.#target;
  }

  /** The highest sequence that the log itself answered, or that everything before is done of. */
  get read(): Sequence {
    let read = this.#watermark;
    for (const [at, fromLog] of this.#ahead) if (fromLog && at > read) read = sequence(at);
    return read;
  }

  get complete(): boolean {
    return this.#watermark >= this.#target;
  }

  has(at: Sequence): boolean {
    return at <= this.#watermark || this.#ahead.has(at);
  }

  /** `at` was applied, `fromLog` or from the live feed. False: it is too far ahead to be remembered and will be read again. */
  mark(at: Sequence, fromLog: boolean): boolean {
    this.claim(at);
    if (at > this.#watermark + AHEAD_MAX) return false;
    if (at > this.#watermark) this.#ahead.set(at, fromLog);
    if (at > this.#highest) this.#highest = at;
    this.#advance();
    return true;
  }

  /** What the live feed brought as `at` stands elsewhere. False: the watermark has passed it, or the log itself said so. */
  unmark(at: Sequence): boolean {
    if (this.#ahead.get(at) !== false) return false;
    this.#ahead.delete(at);
    this.#findHighest();
    return true;
  }

  /** The log has, or is said to have, records up to `at`. */
  claim(at: Sequence): void {
    if (at > this.#target) this.#target = at;
  }

  /** Whether something above `at` is done already: then what comes as `at` over the live feed comes out of order. */
  isPassed(at: Sequence): boolean {
    return at < this.#highest;
  }

  /** What was claimed above `last` was not in the log when it said so; what it answered itself meanwhile is. */
  shrinkTo(last: Sequence): void {
    for (const [at, fromLog] of this.#ahead) if (at > last && !fromLog) this.#ahead.delete(at);
    const { read } = this;
    this.#target = last > read ? last : read;
    this.#findHighest();
  }

  /** Everything before `first` has aged out of the log: nothing there can hit a living token any more. */
  skipBefore(first: Sequence): void {
    if (first - 1 <= this.#watermark) return;
    this.#watermark = sequence(first - 1);
    for (const at of this.#ahead.keys()) if (at < first) this.#ahead.delete(at);
    this.claim(this.#watermark);
    this.#advance();
  }

  /** The lowest missing range that nobody is reading, at most `length` long; undefined when there is none. */
  nextMissing(reading: readonly SequenceRange[], length: number): SequenceRange | undefined {
    const taken = (at: number): boolean =>
      this.#ahead.has(at) || reading.some(({ from, to }) => from <= at && at <= to);
    const end = Math.min(this.#target, this.#watermark + AHEAD_MAX);
    let from = this.#watermark + 1;
    while (from <= end && taken(from)) from += 1;
    if (from > end) return undefined;
    let to = from;
    while (to < end && to - from + 1 < length && !taken(to + 1)) to += 1;
    return { from: sequence(from), to: sequence(to) };
  }

  #findHighest(): void {
    this.#highest = Math.max(this.#watermark, ...this.#ahead.keys());
  }

  #advance(): void {
    while (this.#ahead.delete(this.#watermark + 1)) this.#watermark = sequence(this.#watermark + 1);
    if (this.#target < this.#watermark) this.#target = this.#watermark;
  }
}
