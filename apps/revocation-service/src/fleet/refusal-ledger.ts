import { type Clock, type EpochMs, epochMs, type RefusalReport, type Schedule } from '@revocast/core';
import { type Database } from '../journal/database.js';
import {
  countRefusalRows,
  foldRefusals,
  hasRefusals,
  refusalsOf,
  type ServiceRefusals,
  storeRefusals,
  type ToldRefusals,
} from '../journal/refusals.js';

/** Reports of this long share one transaction: each one costs a write to disk. Milliseconds. */
const STORE_MS = 2_000;
/** Counts that wait for it, about 200 bytes each. A fleet of 10,000 nodes under attack tells 2,000 reports a second. */
const WAITING_MAX = 100_000;
/** Rows of counts, about 150 bytes each: what comes beyond is not added up, and every answer says so. */
export const REFUSAL_ROWS_MAX = 1_000_000;
const FOLD_MS = 60_000;
/** Counts in one transaction, some 20 ms. */
const STORED_AT_ONCE = 500;
/** Revocations whose rows are added up in one transaction. */
const FOLDED_MAX = 256;

export interface RefusalLedgerOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Default `REFUSAL_ROWS_MAX`. */
  readonly rowsMax?: number;
}

const nameOf = ({ id, service, instance, run }: ToldRefusals): string => `${id}\n${service}\n${instance}\n${run}`;

/** How often a revocation refused, all over the fleet. */
export interface Refusals {
  readonly refused: number;
  readonly last: { readonly service: string; readonly at: EpochMs } | undefined;
  readonly services: readonly ServiceRefusals[];
  /** Some counts were not added: there was no room for them here or on a node. The sum is never too high. */
  readonly atLeast: boolean;
}

/**
 * Adds up what nodes refused. Each node tells how much it counted in all, not what is new, and of each run of a count the
 * largest is kept: a report that is repeated, late or lost changes nothing once a later one came.
 */
export class RefusalLedger {
  readonly #waiting = new Map<string, ToldRefusals>();
  #rows: number;
  #lacksSome = false;
  #foldAt = 0;
  #disarm: (() => void) | undefined;
  #closed = false;

  constructor(private readonly options: RefusalLedgerOptions) {
    this.#rows = countRefusalRows(options.database);
  }

  heard({ service, instance, counts, dropped }: RefusalReport): void {
    if (this.#closed) return;
    const now = this.options.clock.wall();
    if (dropped > 0) this.#lacksSome = true;
    for (const count of counts) {
      // A node whose clock runs ahead must not make its service the last one for ever.
      this.#await({ ...count, lastAt: epochMs(Math.min(count.lastAt, now)), service, instance });
    }
    this.#disarm ??= this.options.schedule(STORE_MS, () => this.#storeSome());
  }

  of(revocationId: string): Refusals {
    this.store([...this.#waiting.values()].filter(({ id }) => id === revocationId));
    const services = refusalsOf(this.options.database, revocationId);
    const last = services.reduce<ServiceRefusals | undefined>(
      (latest, one) => (latest === undefined || one.lastAt > latest.lastAt ? one : latest),
      undefined,
    );
    return {
      refused: services.reduce((sum, { refused }) => sum + refused, 0),
      last: last && { service: last.service, at: last.lastAt },
      services,
      atLeast: this.#lacksSome,
    };
  }

  /** Rows that are kept, for metrics. */
  get rows(): number {
    return this.#rows;
  }

  /** Stores all that waits, or those counts of it. */
  store(told: readonly ToldRefusals[] = [...this.#waiting.values()]): void {
    if (this.#closed || told.length === 0) return;
    const { database, clock } = this.options;
    const now = clock.wall();
    for (const one of told) this.#waiting.delete(nameOf(one));
    database.transaction(() => {
      for (const one of told) this.#storeOne(one, now);
    });
  }

  /** The journal is closed next. */
  close(): void {
    this.store();
    this.#closed = true;
    this.#disarm?.();
  }

  #await(told: ToldRefusals): void {
    const name = nameOf(told);
    const known = this.#waiting.get(name);
    if (known === undefined && this.#waiting.size >= WAITING_MAX) this.store();
    if (known === undefined || told.refused > known.refused) this.#waiting.set(name, told);
  }

  /** In slices: the ticks of this service are due meanwhile. */
  #storeSome(): void {
    this.#disarm = undefined;
    if (this.#closed) return;
    this.store([...this.#waiting.values()].slice(0, STORED_AT_ONCE));
    if (this.#waiting.size > 0) this.#disarm = this.options.schedule(0, () => this.#storeSome());
    else this.#fold();
  }

  #storeOne(told: ToldRefusals, now: EpochMs): void {
    const { database, rowsMax = REFUSAL_ROWS_MAX } = this.options;
    const isKnown = hasRefusals(database, told);
    if (!isKnown && this.#rows >= rowsMax) {
      this.#lacksSome = true;
      return;
    }
    storeRefusals(database, told, now);
    if (!isKnown && hasRefusals(database, told)) this.#rows += 1;
  }

  /** Makes room: what is over is added up, and its rows go. */
  #fold(): void {
    const { database, clock } = this.options;
    if (clock.monotonic() < this.#foldAt) return;
    const folded = database.transaction(() => foldRefusals(database, clock.wall(), FOLDED_MAX));
    if (folded > 0) this.#rows = countRefusalRows(database);
    this.#foldAt = folded === FOLDED_MAX ? 0 : clock.monotonic() + FOLD_MS;
  }
}
