import { type EntryStore, type RowTest } from './entry-store.js';
import { END_AT, endOf } from './packed-entry.js';
import { type Tombstones } from './tombstones.js';

/** What one call may do. */
export interface SweepSlice {
  /** What ended at or before it goes. Seconds. */
  readonly limit: number;
  /** Entries and tombstones removed. */
  readonly removedMax: number;
  /** Rows looked at, whether removed or not. */
  readonly rowsMax: number;
}

const HASHES = 2 ** 32;
/** A partition without rows costs something too: so many of them count as one row each. */
const VISIT = 1;

/**
 * Walks through all entries, slice after slice, and takes out what was lifted and what ended long ago. Nothing depends on
 * it but memory and counts: every check looks at ends and tombstones itself. That is why there is no table by id.
 */
export class Sweep {
  /** Undefined while there is nothing to do. Stages 0 and 1 are the tables, 2 the spilled, 3 the tombstones. */
  #at: { stage: number; position: number } | undefined;
  #liftsWaiting = false;
  #liftsInPass = false;

  constructor(
    private readonly store: EntryStore,
    private readonly tombstones: Tombstones,
  ) {}

  /** Some entry may have been lifted that is still in a table. */
  liftsWait(): void {
    this.#liftsWaiting = true;
  }

  /** Goes on with the pass, or begins one if there is a reason to. Answers how many were removed; ends with the pass at the latest. */
  run(slice: SweepSlice): number {
    if (this.#at === undefined && !this.#begin(slice.limit)) return 0;
    let removed = 0;
    for (let rows = 0; this.#at !== undefined && removed < slice.removedMax && rows < slice.rowsMax;) {
      rows += VISIT + this.#rowsHere();
      removed += this.#step(slice, slice.removedMax - removed);
    }
    return removed;
  }

  #begin(limit: number): boolean {
    if (!this.#liftsWaiting && !this.store.hasEnded(limit) && !this.tombstones.hasEnded(limit)) return false;
    this.#at = { stage: 0, position: 0 };
    this.#liftsInPass = this.#liftsWaiting;
    this.#liftsWaiting = false;
    return true;
  }

  #rowsHere(): number {
    const { stage, position } = this.#at ?? { stage: 0, position: 0 };
    if (stage === 2) return this.store.spilled.count;
    return (this.store.tables[stage] ?? this.tombstones.table).rowsAt(position | 0);
  }

  #step({ limit }: SweepSlice, max: number): number {
    const at = this.#at;
    if (at === undefined) return 0;
    const h0 = at.position | 0;
    const table = this.store.tables[at.stage];
    // Read now: removing may merge the partition with the next one, which was not looked at yet.
    const end = (table ?? this.tombstones.table).partitionEnd(h0);
    let removed: number;
    if (table !== undefined) removed = this.store.removeAt(table, h0, this.#isGone(limit), max);
    else if (at.stage === 2)
      removed = this.store.removeSpilled(({ id, endsAt }) => this.#isSpilledGone(id, endsAt, limit), max);
    else removed = this.#mayForgetLifts ? this.tombstones.removeAt(h0, limit, max) : 0;
    // Stopped by `max`: there may be more of them right here.
    if (removed < max) this.#advance(at, end);
    return removed;
  }

  /** A tombstone that goes before its entry was met would bring the entry back to life. */
  get #mayForgetLifts(): boolean {
    return !this.#liftsWaiting && !this.#liftsInPass;
  }

  #isGone(limit: number): RowTest {
    const { tombstones } = this;
    const lifts = tombstones.count > 0 && (this.#liftsInPass || this.#liftsWaiting);
    return (mark, words, payload) =>
      endOf(mark, words[payload + END_AT] ?? 0) <= limit ||
      (lifts &&
        tombstones.hasWords(
          words[payload] ?? 0,
          words[payload + 1] ?? 0,
          words[payload + 2] ?? 0,
          words[payload + 3] ?? 0,
        ));
  }

  #isSpilledGone(id: string, endsAt: number, limit: number): boolean {
    return endsAt <= limit || (this.#liftsInPass && this.tombstones.has(id));
  }

  #advance(at: { stage: number; position: number }, end: number): void {
    if (at.stage !== 2 && end < HASHES) {
      at.position = end;
      return;
    }
    at.stage++;
    at.position = 0;
    // The lifts of this pass have met all entries by now; those that came meanwhile wait for the next one.
    if (at.stage === 3) this.#liftsInPass = false;
    if (at.stage > 3) this.#at = undefined;
  }
}
