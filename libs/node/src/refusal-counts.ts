import { type EpochMs, LOCAL_ID_PREFIX, type RefusalCount } from '@revocast/core';

/** Revocations whose refusals one node counts at a time: about 200 kB. More tokens are never refused at once but under attack. */
export const REFUSAL_IDS_MAX = 1_024;
/** Counts in one report: 30 kB, half of what a service looks at. */
export const REFUSALS_PER_REPORT_MAX = 256;

interface Counted {
  readonly run: number;
  refused: number;
  lastAt: EpochMs;
  /** What was told of `refused`; the rest would be lost if the count were dropped. */
  told: number;
  due: boolean;
}

/** For metrics. */
export interface RefusalCountsStatus {
  /** Revocations whose refusals are counted now. */
  readonly ids: number;
  /** Refusals that no report ever told, since the process began. */
  readonly dropped: number;
}

/**
 * How often which revocation refused here. Counts only grow while they are kept, and one that begins anew has another run:
 * so whoever adds up takes the largest of each run, however often and in whatever order reports come.
 */
export class RefusalCounts {
  readonly #counted = new Map<string, Counted>();
  #runs = 0;
  #dropped = 0;

  /** Paid by each refused request: allocates only for a revocation that is not counted yet. */
  note(id: string, now: EpochMs): void {
    const known = this.#counted.get(id);
    if (known === undefined) {
      this.#begin(id, now);
      return;
    }
    known.refused += 1;
    known.lastAt = now;
    known.due = true;
  }

  /** What changed since it was told, the longest counted first, as far as one report has room. */
  take(): readonly RefusalCount[] {
    const due = [...this.#counted].filter(([, counted]) => counted.due).slice(0, REFUSALS_PER_REPORT_MAX);
    return due.map(([id, counted]) => {
      counted.due = false;
      counted.told = counted.refused;
      return { id, run: counted.run, refused: counted.refused, lastAt: counted.lastAt };
    });
  }

  /** All is told once more: reports travel without a promise, and a service may have begun since. */
  repeat(): void {
    for (const counted of this.#counted.values()) counted.due = true;
  }

  get hasDue(): boolean {
    for (const { due } of this.#counted.values()) if (due) return true;
    return false;
  }

  status(): RefusalCountsStatus {
    return { ids: this.#counted.size, dropped: this.#dropped };
  }

  #begin(id: string, now: EpochMs): void {
    // In no log: the service has nothing to add it to.
    if (id.startsWith(LOCAL_ID_PREFIX)) return;
    if (this.#counted.size >= REFUSAL_IDS_MAX) this.#dropOldest();
    this.#runs += 1;
    this.#counted.set(id, { run: this.#runs, refused: 1, lastAt: now, told: 0, due: true });
  }

  #dropOldest(): void {
    for (const [id, { refused, told }] of this.#counted) {
      this.#dropped += refused - told;
      this.#counted.delete(id);
      return;
    }
  }
}
