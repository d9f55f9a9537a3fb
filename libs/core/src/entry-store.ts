import { EndCounts } from './end-counts.js';
import { RevocationError } from './errors.js';
import { type Filter } from './filter.js';
import { type HashSource } from './filter-keeper.js';
import { HashTable } from './hash-table.js';
import { HASH_WORDS, type Rows } from './partition.js';
import { KEY_KINDS } from './key.js';
import { CUTOFF_AT, END_AT, endOf, kindOfMark, packEntry } from './packed-entry.js';
import { ENTRIES_PER_KEY_MAX } from './revocation.js';
import { type SpilledEntry, SpilledEntries } from './spilled-entries.js';

const HASHES = 2 ** 32;

/** What a row of a table says, as `removeAt` shows it. */
export type RowTest = (mark: number, words: Int32Array, payload: number) => boolean;

/** Where the entries are, and how many of each kind end when. The parts of the index change together here or not at all. */
export class EntryStore implements HashSource {
  /** Entries without and with a cut-off: four bytes less for the former, which are most. */
  readonly plain: HashTable;
  readonly cutoffs: HashTable;
  readonly tables: readonly [HashTable, HashTable];
  readonly spilled = new SpilledEntries();
  /** The kinds of which there are entries, in their order: a check asks for no others. */
  readonly active = new Int32Array(KEY_KINDS.length);
  activeCount = 0;
  readonly #payload = new Int32Array(CUTOFF_AT + 1);
  readonly #ends: readonly EndCounts[] = KEY_KINDS.map(() => new EndCounts());

  constructor(rowsMax?: number) {
    this.plain = new HashTable(CUTOFF_AT, rowsMax);
    this.cutoffs = new HashTable(CUTOFF_AT + 1, rowsMax);
    this.tables = [this.plain, this.cutoffs];
  }

  get count(): number {
    return this.tables[0].count + this.tables[1].count + this.spilled.count;
  }

  get bytes(): number {
    const counts = this.#ends.reduce((sum, one) => sum + one.bytes, 0);
    return this.tables[0].bytes + this.tables[1].bytes + this.spilled.bytes + counts;
  }

  running(seconds: number): number {
    return this.#ends.reduce((sum, one) => sum + one.running(seconds), 0);
  }

  hasEnded(limit: number): boolean {
    return this.#ends.some((one) => one.hasEnded(limit));
  }

  /** Adds a row unless it is there already, or its key has as many as a table takes. */
  add(withCutoff: boolean, hash: Int32Array, mark: number, payload: Int32Array): 'added' | 'known' | 'full' {
    const table = this.tables[withCutoff ? 1 : 0];
    const { 0: h0 = 0, 1: h1 = 0, 2: h2 = 0, 3: h3 = 0 } = hash;
    let held = 0;
    for (let slot = table.seek(h0, h1, h2, h3); slot >= 0; slot = table.seekNext(slot, h0, h1, h2, h3)) {
      if (table.mark(slot) === mark && isSamePayload(table, slot, payload)) return 'known';
      held++;
    }
    if (held >= ENTRIES_PER_KEY_MAX || table.isCrowded(h0)) return 'full';
    table.insert(h0, h1, h2, h3, mark, payload);
    this.noteAdded(mark, endOf(mark, payload[END_AT] ?? 0));
    return 'added';
  }

  /** Puts an entry beside the tables unless it is there, or without its condition anywhere. */
  spill(entry: SpilledEntry): boolean {
    if (this.spilled.has(entry)) return false;
    if (entry.condition === undefined) this.removeTwins(entry);
    else if (this.#hasPlain(entry)) return false;
    this.spilled.add(entry);
    this.noteAdded(entry.mark, entry.endsAt);
    return true;
  }

  /** Removes rows of one partition of one table, at most `max`. */
  removeAt(table: HashTable, h0: number, isGone: RowTest, max: number): number {
    const remove: RowTest = (mark, words, payload) => {
      if (!isGone(mark, words, payload)) return false;
      this.#noteRemoved(mark, endOf(mark, words[payload + END_AT] ?? 0));
      return true;
    };
    return table.removeAt(h0, remove, max);
  }

  removeSpilled(isGone: (entry: SpilledEntry) => boolean, max: number): number {
    return this.#uncount(this.spilled.takeWhere(isGone, max));
  }

  removeSpilledId(id: string): number {
    return this.#uncount(this.spilled.takeId(id));
  }

  /** A revocation without its condition makes the one with it superfluous. */
  removeTwins(plain: SpilledEntry): void {
    if (this.spilled.conditioned > 0) this.#uncount(this.spilled.takeTwins(plain));
  }

  /** The same for all at once, where rows came in bulk. */
  removeAllTwins(): void {
    if (this.spilled.conditioned === 0) return;
    this.removeSpilled((entry) => entry.condition !== undefined && this.#hasPlain(entry), Infinity);
  }

  /** Position: which table, times 2^32, plus the hash. The spilled come last, all at once. */
  copyFrom(position: number, filter: Filter): { readonly next: number | undefined; readonly copied: number } {
    const which = Math.floor(position / HASHES);
    const table = this.tables[which];
    if (table === undefined) return { next: undefined, copied: this.spilled.copyHashes(filter) };
    const h0 = (position - which * HASHES) | 0;
    return { next: which * HASHES + table.partitionEnd(h0), copied: table.copyHashes(h0, filter) };
  }

  /** Whether an entry of this kind may be running: never false while one is. */
  mayRun(kind: number, seconds: number): boolean {
    return this.#ends[kind]?.mayRun(seconds) === true;
  }

  /** A row was put into a table directly. */
  noteAdded(mark: number, endsAt: number): void {
    const ends = this.#endsOf(mark);
    ends.add(endsAt);
    if (ends.count === 1) this.#findActive();
  }

  /** Rows `from` to `to`, of `width` words each, were put into a table. */
  noteRows({ words, marks }: Rows, from: number, to: number, width: number): void {
    let mark = 0;
    let ends: EndCounts | undefined;
    for (let row = from; row < to; row++) {
      const next = marks[row] ?? 0;
      if (ends === undefined || next !== mark) ends = this.#endsOf(next);
      mark = next;
      ends.add(endOf(mark, words[row * width + HASH_WORDS + END_AT] ?? 0));
    }
    this.#findActive();
  }

  #hasPlain(entry: SpilledEntry): boolean {
    if (this.spilled.hasPlain(entry)) return true;
    const payload = this.#payload;
    if (!packEntry(entry, payload)) return false;
    const table = this.tables[entry.reach === Infinity ? 0 : 1];
    const [h0, h1, h2, h3] = entry.hash;
    for (let slot = table.seek(h0, h1, h2, h3); slot >= 0; slot = table.seekNext(slot, h0, h1, h2, h3)) {
      if (table.mark(slot) === entry.mark && isSamePayload(table, slot, payload)) return true;
    }
    return false;
  }

  #noteRemoved(mark: number, endsAt: number): void {
    const ends = this.#endsOf(mark);
    ends.remove(endsAt);
    if (ends.count === 0) this.#findActive();
  }

  #endsOf(mark: number): EndCounts {
    const ends = this.#ends[kindOfMark(mark)];
    // Marks are ours, or were checked when they were read.
    if (ends === undefined) throw new RevocationError('ERR_INVARIANT', 'An entry is of no known kind.');
    return ends;
  }

  #findActive(): void {
    this.activeCount = 0;
    this.#ends.forEach(({ count }, kind) => {
      if (count > 0) this.active[this.activeCount++] = kind;
    });
  }

  #uncount(entries: readonly SpilledEntry[]): number {
    for (const { mark, endsAt } of entries) this.#noteRemoved(mark, endsAt);
    return entries.length;
  }
}

const isSamePayload = (table: HashTable, slot: number, payload: Int32Array): boolean => {
  for (let i = 0; i < table.payloadWords; i++) if (table.payload(slot, i) !== (payload[i] ?? 0)) return false;
  return true;
};
