import { type Instant, type Prng } from './clock.js';
import { ASK_EVERY_MS_MAX, ASK_EVERY_MS_MIN, ASKS_PER_BOUND, HINTED_ASK_EVERY_MS } from './follower-limits.js';

const askEveryMs = (stalenessMs: number): number =>
  Math.min(ASK_EVERY_MS_MAX, Math.max(ASK_EVERY_MS_MIN, stalenessMs / ASKS_PER_BOUND));

/** When to ask for the head. All times by the monotonic clock. */
export class HeadSchedule {
  readonly #prng: Prng;
  #everyMs: number;
  #dueAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Something looked odd since the last ask: its answer does not cover that. */
  #hinted = false;
  /** The answer to an ask that is under way comes too late for what made the next one due. */
  #overdue = false;

  constructor(prng: Prng, stalenessMsMin: number) {
    this.#prng = prng;
    this.#everyMs = askEveryMs(stalenessMsMin);
  }

  /** A smaller bound came into force. */
  tighten(stalenessMs: number): void {
    this.#everyMs = Math.min(this.#everyMs, askEveryMs(stalenessMs));
    this.#dueAt = Math.min(this.#dueAt, this.#askedAt + this.#everyMs);
  }

  isDue(now: Instant): boolean {
    return now.monotonic >= this.#dueAt;
  }

  /** When the next ask is due; infinity when it is due already and waits for something else. */
  nextAt(now: Instant): number {
    return this.isDue(now) ? Number.POSITIVE_INFINITY : this.#dueAt;
  }

  /** Also while an ask is under way: what is asked for after this moment counts. */
  dueNow(): void {
    this.#dueAt = Number.NEGATIVE_INFINITY;
    this.#overdue = true;
  }

  /** Something looks odd. Not at once if we asked just now: a flood of odd things must not become a flood of asks. */
  dueSoon(now: Instant, jitterMs: number): void {
    this.#hinted = true;
    const earliest = Math.max(now.monotonic, this.#askedAt + HINTED_ASK_EVERY_MS);
    this.#dueAt = Math.min(this.#dueAt, earliest + this.#prng() * jitterMs);
  }

  asked(now: Instant): void {
    this.#askedAt = now.monotonic;
    this.#hinted = false;
    this.#overdue = false;
  }

  /** Counted from the ask, with jitter that only shortens: a fleet must not ask as one. A head that proves nothing is asked for again soon. */
  answered(askedAt: Instant, proven: boolean): void {
    if (this.#overdue) return;
    const pauseMs = proven && !this.#hinted ? this.#everyMs : Math.min(this.#everyMs, HINTED_ASK_EVERY_MS);
    this.#dueAt = askedAt.monotonic + pauseMs * (0.8 + 0.2 * this.#prng());
  }
}
