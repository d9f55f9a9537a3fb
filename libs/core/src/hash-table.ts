import { type Filter } from './filter.js';
import {
  EMPTY,
  HASH_BITS,
  HASH_WORDS,
  homeIn,
  homesFor,
  lastOrder,
  LOAD_FRESH,
  LOAD_FULL,
  makePartition,
  MARK_SHIFT,
  orderOf,
  type Partition,
  type PartitionPlan,
  type Rows,
  tagOf,
} from './partition.js';

/** The directory has at least this many bits: the hash bits that tell its partitions apart need not be stored, marks take their place. */
const DEPTH_MIN = 32 - MARK_SHIFT;
/** Beyond it too few bits of the tag are left to spread the rows of a partition evenly: a billion rows. */
const DEPTH_MAX = 20;
/** Rows of a partition before it is split: so few that making one anew takes some hundred microseconds, the longest slice there is. Fewer would mean more arrays, each of whose headers is memory to wait for. */
const ROWS_MAX_DEFAULT = 4_096;
/** Two halves become one again below this share of `rowsMax`, far enough below a split that the two do not alternate. */
const MERGE_SHARE = 0.7;
/** What is known of the partition at a place of the directory: words for each place. */
const SHAPE = 3;
const DEPTH = 0;
const HOMES = 1;
const COUNT = 2;

/**
 * An open-addressing table of rows, each found by a hash of 128 bits, of which a table may hold several. It is cut into
 * partitions by the first bits of the hash, as in extendible hashing: growing, splitting, forgetting and merging always
 * remake one partition, within the call that makes it necessary. There is no rebuild of the whole, so no write can be lost
 * during one; memory grows by an eighth of a partition at a time and comes back with each that shrinks.
 *
 * A look-up waits for memory three times at most: for the directory, for the header of an array, for a row.
 */
export class HashTable {
  /** Words of a row: four of hash, of which the first shares its place with the mark, and the payload. */
  readonly width: number;
  count = 0;
  #words = 0;
  #depth = DEPTH_MIN;
  /** The rows at each place of the directory. A partition that is less deep than the directory stands at several. */
  #rows: Int32Array[] = [];
  #shapes = new Int32Array(0);
  /** The rows of the latest `seek`. */
  #at: Int32Array = EMPTY;

  constructor(
    readonly payloadWords: number,
    private readonly rowsMax = ROWS_MAX_DEFAULT,
  ) {
    this.width = HASH_WORDS + payloadWords;
    this.#makeDirectory(DEPTH_MIN);
  }

  /** All of its arrays, the directory too. */
  get bytes(): number {
    return 4 * this.#words + this.#shapes.byteLength + 8 * this.#rows.length;
  }

  /** The slot of the first row with this hash, or -1. The slot is good until the table changes or is asked again. */
  seek(h0: number, h1: number, h2: number, h3: number): number {
    const place = h0 >>> (32 - this.#depth);
    this.#at = this.#rows[place] ?? EMPTY;
    return this.#scan(this.#homeAt(place, h0), h0, h1, h2, h3);
  }

  /** The slot of the next row with the hash of `seek`, or -1. */
  seekNext(slot: number, h0: number, h1: number, h2: number, h3: number): number {
    return this.#scan(slot + this.width, h0, h1, h2, h3);
  }

  mark(slot: number): number {
    return (this.#at[slot] ?? 0) >>> MARK_SHIFT;
  }

  payload(slot: number, word: number): number {
    return this.#at[slot + HASH_WORDS + word] ?? 0;
  }

  setPayload(slot: number, word: number, value: number): void {
    this.#at[slot + HASH_WORDS + word] = value;
  }

  /** Adds a row; `mark` is not 0. */
  insert(h0: number, h1: number, h2: number, h3: number, mark: number, payload: ArrayLike<number>): void {
    const slot = this.#open(h0);
    const words = this.#at;
    words[slot] = tagOf(h0, mark);
    words[slot + 1] = h1;
    words[slot + 2] = h2;
    words[slot + 3] = h3;
    for (let i = 0; i < this.payloadWords; i++) words[slot + HASH_WORDS + i] = payload[i] ?? 0;
  }

  /** Whether one more row with this hash would ask for a partition that cannot be split any more. */
  isCrowded(h0: number): boolean {
    const place = h0 >>> (32 - this.#depth);
    return this.#shape(place, DEPTH) === DEPTH_MAX && this.#shape(place, COUNT) >= 2 * this.rowsMax;
  }

  /** Where the partition after the one that holds `h0` begins, as a number without a sign; 2^32 behind the last. */
  partitionEnd(h0: number): number {
    const depth = this.#shape(h0 >>> (32 - this.#depth), DEPTH);
    return ((h0 >>> (32 - depth)) + 1) * 2 ** (32 - depth);
  }

  rowsAt(h0: number): number {
    return this.#shape(h0 >>> (32 - this.#depth), COUNT);
  }

  /** Copies the rows of one partition, in the order of their hashes, behind those that `into` holds. */
  read(h0: number, into: Rows): void {
    const { words, depth } = this.#partitionOf(h0);
    const prefix = (h0 >>> (32 - depth)) << (32 - depth);
    const { width } = this;
    for (let slot = 0; slot < words.length; slot += width) {
      const tag = words[slot] ?? 0;
      if (tag === 0) continue;
      const at = into.count * width;
      into.words[at] = prefix | (tag & (0xffffffff >>> depth));
      for (let i = 1; i < width; i++) into.words[at + i] = words[slot + i] ?? 0;
      into.marks[into.count++] = tag >>> MARK_SHIFT;
    }
  }

  /** Adds the hashes of one partition to a filter. Answers how many. */
  copyHashes(h0: number, filter: Filter): number {
    const { words, depth, count } = this.#partitionOf(h0);
    const prefix = (h0 >>> (32 - depth)) << (32 - depth);
    for (let slot = 0; slot < words.length; slot += this.width) {
      const tag = words[slot] ?? 0;
      if (tag !== 0) filter.add(prefix | (tag & (0xffffffff >>> depth)), words[slot + 1] ?? 0);
    }
    return count;
  }

  /** Cuts an empty table so that `count` rows will find it as it would be after growing to them. */
  reserve(count: number): void {
    if (this.count > 0) return;
    let depth = DEPTH_MIN;
    while (depth < DEPTH_MAX && count > this.rowsMax * 0.8 * 2 ** depth) depth++;
    this.#makeDirectory(depth);
  }

  /**
   * Puts the rows from `from` up to `to`, which are in order and of one partition, behind those that it has. False, and
   * nothing is done, when they do not all come after these, or do not fit.
   */
  append(rows: Rows, from: number, to: number): boolean {
    const h0 = rows.words[from * this.width] ?? 0;
    const partition = this.#partitionOf(h0);
    const count = partition.count + to - from;
    if (count > this.rowsMax || lastOrder(partition.words, this.width) >= (h0 & HASH_BITS)) return false;
    this.#replace(h0, this.#made({ h0, depth: partition.depth, count, from: [partition], more: { rows, from, to } }));
    this.count += to - from;
    return true;
  }

  /**
   * Removes rows of the partition of `h0` for which `isGone` says so, at most `max`. It is told the mark, and where in
   * `words` the payload of the row stands.
   */
  removeAt(h0: number, isGone: (mark: number, words: Int32Array, payload: number) => boolean, max: number): number {
    const partition = this.#partitionOf(h0);
    const { words, depth, count } = partition;
    let removed = 0;
    for (let slot = 0; slot < words.length && removed < max; slot += this.width) {
      const tag = words[slot] ?? 0;
      if (tag === 0 || !isGone(tag >>> MARK_SHIFT, words, slot + HASH_WORDS)) continue;
      // A hole would cut the rows behind it off from their homes: it lasts only until the partition is made anew below.
      words[slot] = 0;
      removed++;
    }
    if (removed > 0) {
      this.count -= removed;
      this.#replace(h0, this.#made({ h0, depth, count: count - removed, from: [partition] }));
      this.#mergeAt(h0);
    }
    return removed;
  }

  #makeDirectory(depth: number): void {
    this.#depth = depth;
    this.#words = 0;
    this.#rows = new Array<Int32Array>(1 << depth).fill(EMPTY);
    this.#shapes = new Int32Array(SHAPE << depth);
    for (let place = 0; place < 1 << depth; place++) this.#shapes[SHAPE * place + DEPTH] = depth;
  }

  #shape(place: number, word: number): number {
    return this.#shapes[SHAPE * place + word] ?? 0;
  }

  #homeAt(place: number, h0: number): number {
    return homeIn(this.#shape(place, HOMES), orderOf(h0, this.#shape(place, DEPTH))) * this.width;
  }

  #partitionOf(h0: number): Partition {
    const place = h0 >>> (32 - this.#depth);
    const words = this.#rows[place] ?? EMPTY;
    const [depth, homes, count] = [DEPTH, HOMES, COUNT].map((word) => this.#shape(place, word));
    return { depth: depth ?? 0, homes: homes ?? 0, count: count ?? 0, words };
  }

  /** All hashes of a partition have the same bits above those of a tag: tags in order are hashes in order. */
  #scan(from: number, h0: number, h1: number, h2: number, h3: number): number {
    const words = this.#at;
    const wanted = h0 & HASH_BITS;
    for (let slot = from; ; slot += this.width) {
      const tag = words[slot] ?? 0;
      const bits = tag & HASH_BITS;
      if (bits === wanted && words[slot + 1] === h1 && words[slot + 2] === h2 && words[slot + 3] === h3) {
        if (tag !== 0) return slot;
      }
      if (tag === 0 || bits > wanted) return -1;
    }
  }

  /** Makes room for one row of this hash behind its equals, counts it, and answers its slot in `#at`. */
  #open(h0: number): number {
    const wanted = h0 & HASH_BITS;
    const { width } = this;
    for (;;) {
      const place = h0 >>> (32 - this.#depth);
      const words = this.#rows[place] ?? EMPTY;
      const last = words.length - width;
      let slot = this.#homeAt(place, h0);
      while (slot < last && (words[slot] ?? 0) !== 0 && ((words[slot] ?? 0) & HASH_BITS) <= wanted) slot += width;
      let gap = slot;
      while (gap < last && words[gap] !== 0) gap += width;
      if (gap < last && this.#shape(place, COUNT) < this.#shape(place, HOMES) * LOAD_FULL) {
        if (gap > slot) words.copyWithin(slot + width, slot, gap);
        this.#countOne(h0, place);
        this.#at = words;
        return slot;
      }
      this.#grow(h0);
    }
  }

  #countOne(h0: number, place: number): void {
    this.count++;
    const depth = this.#shape(place, DEPTH);
    const places = 1 << (this.#depth - depth);
    const first = (h0 >>> (32 - depth)) * places;
    const count = this.#shape(place, COUNT) + 1;
    for (let i = first; i < first + places; i++) this.#shapes[SHAPE * i + COUNT] = count;
  }

  #grow(h0: number): void {
    const partition = this.#partitionOf(h0);
    const { depth, homes, count } = partition;
    if (count >= this.rowsMax && depth < DEPTH_MAX) {
      this.#split(h0, partition);
      return;
    }
    const isFull = count >= homes * LOAD_FULL;
    // With homes to spare it was the tail that had no more room.
    const more = isFull ? Math.max(homesFor(h0, depth, count + 1), Math.ceil((homes * LOAD_FULL) / LOAD_FRESH)) : homes;
    this.#replace(h0, this.#made({ h0, depth, count, from: [partition], homes: more }));
  }

  /** Two partitions of one more bit in place of one. */
  #split(h0: number, partition: Partition): void {
    const { depth, words, count } = partition;
    if (depth === this.#depth) this.#deepen();
    const bit = 1 << (31 - depth);
    const low = h0 & ~bit;
    const high = h0 | bit;
    let lower = 0;
    for (let slot = 0; slot < words.length; slot += this.width) {
      const tag = words[slot] ?? 0;
      if (tag !== 0 && (tag & bit) === 0) lower++;
    }
    this.#words -= words.length;
    this.#put(low, this.#made({ h0: low, depth: depth + 1, count: lower, from: [partition] }));
    this.#put(high, this.#made({ h0: high, depth: depth + 1, count: count - lower, from: [partition] }));
  }

  #deepen(): void {
    this.#rows = this.#rows.flatMap((one) => [one, one]);
    const shapes = new Int32Array(SHAPE * this.#rows.length);
    for (let place = 0; place < this.#rows.length; place++) {
      for (let word = 0; word < SHAPE; word++) shapes[SHAPE * place + word] = this.#shape(place >>> 1, word);
    }
    this.#shapes = shapes;
    this.#depth++;
  }

  #mergeAt(h0: number): void {
    for (;;) {
      const { depth } = this.#partitionOf(h0);
      if (depth <= DEPTH_MIN) return;
      const bit = 1 << (32 - depth);
      const low = this.#partitionOf(h0 & ~bit);
      const high = this.#partitionOf(h0 | bit);
      const count = low.count + high.count;
      if (low.depth !== high.depth || count > MERGE_SHARE * this.rowsMax) return;
      for (const { words } of [low, high]) this.#words -= words === EMPTY ? 0 : words.length;
      this.#put(h0, this.#made({ h0, depth: depth - 1, count, from: [low, high] }));
    }
  }

  #replace(h0: number, fresh: Partition): void {
    const before = this.#rows[h0 >>> (32 - this.#depth)] ?? EMPTY;
    if (before !== EMPTY) this.#words -= before.length;
    this.#put(h0, fresh);
  }

  /** Puts a partition into all places of the directory that are its own. */
  #put(h0: number, { depth, homes, count, words }: Partition): void {
    if (words !== EMPTY) this.#words += words.length;
    const places = 1 << (this.#depth - depth);
    const first = (h0 >>> (32 - depth)) * places;
    for (let place = first; place < first + places; place++) {
      this.#rows[place] = words;
      this.#shapes.set([depth, homes, count], SHAPE * place);
    }
  }

  #made(plan: Omit<PartitionPlan, 'width'>): Partition {
    return makePartition({ ...plan, width: this.width });
  }
}
