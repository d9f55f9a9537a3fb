import { EndCounts } from './end-counts.js';
import { HashTable } from './hash-table.js';
import { type KeyHash } from './key-hash.js';
import { ID_WORDS, packId } from './packed-entry.js';

export const TOMBSTONE_MARK = 0x80;
const END_MAX = 0xffffffff;

/** Ids that were lifted, each until when its revocation could come back; by their hash, for an id is any text. */
export class Tombstones {
  readonly table: HashTable;
  readonly #ends = new EndCounts();
  readonly #id = new Int32Array(ID_WORDS);
  readonly #payload = new Int32Array(1);

  constructor(
    private readonly hash: KeyHash,
    rowsMax?: number,
  ) {
    this.table = new HashTable(1, rowsMax);
  }

  get count(): number {
    return this.table.count;
  }

  get bytes(): number {
    return this.table.bytes + this.#ends.bytes;
  }

  /** Whether the id was not lifted before. A lift that comes again keeps the longer of both times. */
  add(id: string, endsAt: number): boolean {
    this.#hashId(id);
    return this.addHash(this.hash.words, Math.min(Math.max(Math.ceil(endsAt), 0), END_MAX));
  }

  addHash({ 0: h0 = 0, 1: h1 = 0, 2: h2 = 0, 3: h3 = 0 }: Int32Array, endsAt: number): boolean {
    const slot = this.table.seek(h0, h1, h2, h3);
    if (slot < 0) {
      this.#payload[0] = endsAt;
      this.table.insert(h0, h1, h2, h3, TOMBSTONE_MARK, this.#payload);
      this.#ends.add(endsAt);
      return true;
    }
    const known = this.table.payload(slot, 0) >>> 0;
    if (known < endsAt) {
      this.#ends.remove(known);
      this.#ends.add(endsAt);
      this.table.setPayload(slot, 0, endsAt);
    }
    return false;
  }

  has(id: string): boolean {
    if (this.count === 0) return false;
    this.#hashId(id);
    return this.#hasHash();
  }

  /** The same for an id of four words. */
  hasWords(a: number, b: number, c: number, d: number): boolean {
    if (this.count === 0) return false;
    this.hash.ofWords(a, b, c, d);
    return this.#hasHash();
  }

  hasEnded(limit: number): boolean {
    return this.#ends.hasEnded(limit);
  }

  /** Forgets what ended at or before `limit` in one partition, at most `max`. */
  removeAt(h0: number, limit: number, max: number): number {
    return this.table.removeAt(
      h0,
      (_mark, words, payload) => {
        const endsAt = (words[payload] ?? 0) >>> 0;
        if (endsAt > limit) return false;
        this.#ends.remove(endsAt);
        return true;
      },
      max,
    );
  }

  #hashId(id: string): void {
    const words = this.#id;
    if (packId(id, words)) this.hash.ofWords(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
    else this.hash.ofText(id);
  }

  #hasHash(): boolean {
    const { 0: h0 = 0, 1: h1 = 0, 2: h2 = 0, 3: h3 = 0 } = this.hash.words;
    return this.table.seek(h0, h1, h2, h3) >= 0;
  }
}
