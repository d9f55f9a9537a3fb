import { type Filter } from './filter.js';

/** The lower bits of a tag are bits of the hash; above them stand eight bits that belong to whoever owns the table. */
export const MARK_SHIFT = 24;
const HASH_BITS = 0x00ffffff;
/** Words of the hash that are stored beside the tag. */
const REST_WORDS = 3;
/** The directory has at least this many bits: the hash bits that tell its partitions apart need not be stored, marks take their place. */
const DEPTH_MIN = 32 - MARK_SHIFT;
/** Beyond it too few bits of the tag are left to spread the rows of a partition evenly: a billion rows. */
const DEPTH_MAX = 20;
/** Rows of a partition before it is split: so few that making one anew takes some ten microseconds, the longest slice there is. */
const ROWS_MAX_DEFAULT = 2_048;
/** Two halves become one again below this share of `rowsMax`, far enough below a split that the two do not alternate. */
const MERGE_SHARE = 0.7;
/** A partition is made anew with the lower load once it reaches the higher: 3 % of slack cost less memory than they save time. */
const LOAD_FRESH = 0.91;
const LOAD_FULL = 0.97;
/** Slots beyond the last home, for rows that were pushed there. */
const SLOTS_SPARE = 4;

/** Rows outside of a table, in the order of their hashes: per row its four words of hash and its payload, and one mark. */
export interface Rows {
  readonly words: Int32Array;
  readonly marks: Uint8Array;
  count: number;
}

/** Consecutive hashes: all that begin with the same `depth` bits. Rows stand in the order of their hashes, each at or after its home. */
interface Partition {
  readonly depth: number;
  /** Slots that are the home of some hash. */
  homes: number;
  slots: number;
  count: number;
  /** One tag per slot, 0 = empty; behind them the other words of each slot. */
  words: Int32Array;
}

const EMPTY = new Int32Array(0);
/** Has no room and is never written to: one may stand in many places. */
const emptyPartition = (depth: number): Partition => ({ depth, homes: 0, slots: 0, count: 0, words: EMPTY });
const NOWHERE = emptyPartition(DEPTH_MIN);
const emptyDirectory = (depth: number): Partition[] => new Array<Partition>(1 << depth).fill(emptyPartition(depth));

/**
 * An open-addressing table of rows, each found by a hash of 128 bits, of which a table may hold several. It is cut into
 * partitions by the first bits of the hash, as in extendible hashing: growing, splitting, forgetting and merging always
 * remake one partition, within the call that makes it necessary. There is no rebuild of the whole, so no write can be lost
 * during one; memory grows by 4 % of a partition at a time and comes back with each that shrinks.
 */
export class HashTable {
  /** Words of a row besides its tag. */
  readonly rowWords: number;
  count = 0;
  /** All of its arrays, and four bytes for each place of its directory. */
  bytes = 0;
  #depth = DEPTH_MIN;
  #directory: Partition[] = emptyDirectory(DEPTH_MIN);
  /** The partition of the latest `seek`. */
  #at: Partition = emptyPartition(DEPTH_MIN);

  constructor(
    readonly payloadWords: number,
    private readonly rowsMax = ROWS_MAX_DEFAULT,
  ) {
    this.rowWords = REST_WORDS + payloadWords;
  }

  /** The slot of the first row with this hash, or -1. The slot is good until the table changes or is asked again. */
  seek(h0: number, h1: number, h2: number, h3: number): number {
    const partition = this.#partitionOf(h0);
    this.#at = partition;
    return this.#scan(homeOf(partition, h0), h0, h1, h2, h3);
  }

  /** The slot of the next row with the hash of `seek`, or -1. */
  seekNext(slot: number, h0: number, h1: number, h2: number, h3: number): number {
    return this.#scan(slot + 1, h0, h1, h2, h3);
  }

  mark(slot: number): number {
    return (this.#at.words[slot] ?? 0) >>> MARK_SHIFT;
  }

  payload(slot: number, word: number): number {
    const { words, slots } = this.#at;
    return words[slots + slot * this.rowWords + REST_WORDS + word] ?? 0;
  }

  setPayload(slot: number, word: number, value: number): void {
    const { words, slots } = this.#at;
    words[slots + slot * this.rowWords + REST_WORDS + word] = value;
  }

  /** Adds a row; `mark` is not 0. */
  insert(h0: number, h1: number, h2: number, h3: number, mark: number, payload: ArrayLike<number>): void {
    const { words, slots, slot } = this.#open(h0);
    words[slot] = tagOf(h0, mark);
    const at = slots + slot * this.rowWords;
    words[at] = h1;
    words[at + 1] = h2;
    words[at + 2] = h3;
    for (let i = 0; i < this.payloadWords; i++) words[at + REST_WORDS + i] = payload[i] ?? 0;
  }

  /** Whether one more row with this hash would ask for a partition that cannot be split any more. */
  isCrowded(h0: number): boolean {
    const { depth, count } = this.#partitionOf(h0);
    return depth === DEPTH_MAX && count >= 2 * this.rowsMax;
  }

  /** Where the partition after the one that holds `h0` begins, as a number without a sign; 2^32 behind the last. */
  partitionEnd(h0: number): number {
    const { depth } = this.#partitionOf(h0);
    return ((h0 >>> (32 - depth)) + 1) * 2 ** (32 - depth);
  }

  rowsAt(h0: number): number {
    return this.#partitionOf(h0).count;
  }

  /** Copies the rows of one partition, in the order of their hashes, behind those that `into` holds. */
  read(h0: number, into: Rows): void {
    const { words, slots, depth } = this.#partitionOf(h0);
    const prefix = (h0 >>> (32 - depth)) << (32 - depth);
    const width = 1 + this.rowWords;
    for (let slot = 0; slot < slots; slot++) {
      const tag = words[slot] ?? 0;
      if (tag === 0) continue;
      const at = into.count * width;
      into.words[at] = prefix | (tag & (0xffffffff >>> depth));
      copyRow(words, slots + slot * this.rowWords, into.words, at + 1, this.rowWords);
      into.marks[into.count++] = tag >>> MARK_SHIFT;
    }
  }

  /** Adds the hashes of one partition to a filter. Answers how many. */
  copyHashes(h0: number, filter: Filter): number {
    const { words, slots, depth, count } = this.#partitionOf(h0);
    const prefix = (h0 >>> (32 - depth)) << (32 - depth);
    for (let slot = 0; slot < slots; slot++) {
      const tag = words[slot] ?? 0;
      if (tag !== 0) filter.add(prefix | (tag & (0xffffffff >>> depth)), words[slots + slot * this.rowWords] ?? 0);
    }
    return count;
  }

  /** Cuts an empty table so that `count` rows will find it as it would be after growing to them. */
  reserve(count: number): void {
    if (this.count > 0) return;
    while (this.#depth < DEPTH_MAX && count > this.rowsMax * 0.8 * 2 ** this.#depth) this.#depth++;
    this.#directory = emptyDirectory(this.#depth);
    this.bytes = 0;
  }

  /**
   * Puts the rows from `from` up to `to`, which are in order and of one partition, behind those that it has. False, and
   * nothing is done, when they do not all come after these, or do not fit.
   */
  append(rows: Rows, from: number, to: number): boolean {
    const width = 1 + this.rowWords;
    const h0 = rows.words[from * width] ?? 0;
    const partition = this.#partitionOf(h0);
    const { depth, count } = partition;
    if (count + to - from > this.rowsMax || lastOrder(partition) >= orderOf(h0, depth)) return false;
    const slots = to - from;
    const words = new Int32Array(slots * width);
    for (let i = 0; i < slots; i++) {
      const at = (from + i) * width;
      words[i] = tagOf(rows.words[at] ?? 0, rows.marks[from + i] ?? 0);
      copyRow(rows.words, at + 1, words, slots + i * this.rowWords, this.rowWords);
    }
    const packed = { depth, homes: slots, slots, count: slots, words };
    this.#replace(h0, this.#fresh(depth, [partition, packed], count + slots));
    this.count += slots;
    return true;
  }

  /**
   * Removes rows of the partition of `h0` for which `isGone` says so, at most `max`. It is told the mark, and where in
   * `words` the payload of the row stands.
   */
  removeAt(h0: number, isGone: (mark: number, words: Int32Array, payload: number) => boolean, max: number): number {
    const partition = this.#partitionOf(h0);
    const { words, slots } = partition;
    let removed = 0;
    for (let slot = 0; slot < slots && removed < max; slot++) {
      const tag = words[slot] ?? 0;
      if (tag === 0 || !isGone(tag >>> MARK_SHIFT, words, slots + slot * this.rowWords + REST_WORDS)) continue;
      // A hole would cut the rows behind it off from their homes: it lasts only until the partition is made anew below.
      words[slot] = 0;
      removed++;
    }
    if (removed > 0) {
      this.count -= removed;
      this.#replace(h0, this.#fresh(partition.depth, [partition], partition.count - removed));
      this.#mergeAt(h0);
    }
    return removed;
  }

  #partitionOf(h0: number): Partition {
    // Never out of range: the directory has a place for each beginning of a hash.
    return this.#directory[h0 >>> (32 - this.#depth)] ?? NOWHERE;
  }

  #scan(from: number, h0: number, h1: number, h2: number, h3: number): number {
    const { words, slots, depth } = this.#at;
    const tag = h0 & HASH_BITS;
    const order = orderOf(h0, depth);
    for (let slot = from; slot < slots; slot++) {
      const word = words[slot] ?? 0;
      if (word === 0) return -1;
      if ((word & HASH_BITS) === tag) {
        const row = slots + slot * this.rowWords;
        if (words[row] === h1 && words[row + 1] === h2 && words[row + 2] === h3) return slot;
      } else if (orderOf(word, depth) > order) return -1;
    }
    return -1;
  }

  /** Makes room for one row of this hash, and counts it. */
  #open(h0: number): { readonly words: Int32Array; readonly slots: number; readonly slot: number } {
    for (;;) {
      const partition = this.#partitionOf(h0);
      const { words, slots, depth, homes, count } = partition;
      const slot = count < homes * LOAD_FULL ? placeFor(partition, h0) : -1;
      const gap = slot < 0 ? slots : gapFrom(words, slot, slots);
      if (gap < slots) {
        if (gap > slot) {
          words.copyWithin(slot + 1, slot, gap);
          const from = slots + slot * this.rowWords;
          words.copyWithin(from + this.rowWords, from, slots + gap * this.rowWords);
        }
        partition.count++;
        this.count++;
        return { words, slots, slot };
      }
      if (count >= this.rowsMax && depth < DEPTH_MAX) this.#split(h0);
      else this.#replace(h0, this.#fresh(depth, [partition], count, 1));
    }
  }

  /** Two partitions of one more bit in place of one. */
  #split(h0: number): void {
    const partition = this.#partitionOf(h0);
    const { depth } = partition;
    if (depth === this.#depth) {
      this.#directory = this.#directory.flatMap((one) => [one, one]);
      this.#depth++;
    }
    const bit = 1 << (31 - depth);
    const [low, high] = [h0 & ~bit, h0 | bit];
    const lower = countLower(partition);
    this.#replace(low, this.#fresh(depth + 1, [partition], lower, 0, 0));
    this.#replace(high, this.#fresh(depth + 1, [partition], partition.count - lower, 0, 1), 0);
  }

  #mergeAt(h0: number): void {
    for (;;) {
      const one = this.#partitionOf(h0);
      if (one.depth <= DEPTH_MIN) return;
      const bit = 1 << (32 - one.depth);
      const [low, high] = [this.#partitionOf(h0 & ~bit), this.#partitionOf(h0 | bit)];
      const count = low.count + high.count;
      if (low.depth !== high.depth || count > MERGE_SHARE * this.rowsMax) return;
      this.bytes -= 4 * high.words.length;
      this.#replace(h0, this.#fresh(one.depth - 1, [low, high], count), 4 * low.words.length);
    }
  }

  /** Puts a partition into all places of the directory that are its own. */
  #replace(h0: number, fresh: Partition, bytesBefore = 4 * this.#partitionOf(h0).words.length): void {
    this.bytes += 4 * fresh.words.length - bytesBefore;
    const width = 1 << (this.#depth - fresh.depth);
    const first = ((h0 >>> (32 - fresh.depth)) << (this.#depth - fresh.depth)) >>> 0;
    for (let i = 0; i < width; i++) this.#directory[first + i] = fresh;
  }

  /** A partition with the rows of `from`, in order, and room for `extra` more. With `half` only those whose next bit is that. */
  #fresh(depth: number, from: readonly Partition[], count: number, extra = 0, half?: 0 | 1): Partition {
    if (count + extra === 0) return emptyPartition(depth);
    const homes = Math.ceil((count + extra) / LOAD_FRESH) + SLOTS_SPARE;
    const slots = slotsFor(homes, depth, from, half) + extra + SLOTS_SPARE;
    const words = new Int32Array(slots * (1 + this.rowWords));
    let next = 0;
    for (const source of from) {
      for (let slot = 0; slot < source.slots; slot++) {
        const tag = source.words[slot] ?? 0;
        if (tag === 0 || isOtherHalf(tag, depth, half)) continue;
        next = Math.max(next, homeIn(homes, orderOf(tag, depth)));
        words[next] = tag;
        copyRow(source.words, source.slots + slot * this.rowWords, words, slots + next * this.rowWords, this.rowWords);
        next++;
      }
    }
    return { depth, homes, slots, count, words };
  }
}

const tagOf = (h0: number, mark: number): number => (mark << MARK_SHIFT) | (h0 & HASH_BITS);

/** What tells the hashes of one partition apart, as a number that grows with the hash. */
const orderOf = (word: number, depth: number): number => (word << depth) >>> 0;

const homeIn = (homes: number, order: number): number => Math.floor((order * homes) / 0x1_0000_0000);

const homeOf = ({ homes, depth }: Partition, h0: number): number => homeIn(homes, orderOf(h0, depth));

/** The slot where a row of this hash belongs, behind its equals; what stands there moves on. -1 when that is behind the last slot. */
const placeFor = (partition: Partition, h0: number): number => {
  const { words, slots, depth } = partition;
  const order = orderOf(h0, depth);
  for (let slot = homeOf(partition, h0); slot < slots; slot++) {
    const word = words[slot] ?? 0;
    if (word === 0 || orderOf(word, depth) > order) return slot;
  }
  return -1;
};

const gapFrom = (words: Int32Array, from: number, slots: number): number => {
  let slot = from;
  while (slot < slots && words[slot] !== 0) slot++;
  return slot;
};

const isOtherHalf = (tag: number, depth: number, half: 0 | 1 | undefined): boolean =>
  half !== undefined && ((tag >>> (32 - depth)) & 1) !== half;

const countLower = ({ words, slots, depth }: Partition): number => {
  let count = 0;
  for (let slot = 0; slot < slots; slot++) {
    const tag = words[slot] ?? 0;
    if (tag !== 0 && !isOtherHalf(tag, depth + 1, 0)) count++;
  }
  return count;
};

/** The order of the last row; -1 without one. */
const lastOrder = ({ words, slots, depth }: Partition): number => {
  let slot = slots - 1;
  while (slot >= 0 && words[slot] === 0) slot--;
  return slot < 0 ? -1 : orderOf(words[slot] ?? 0, depth);
};

/** Slots that these rows take when each stands at its home or right behind the row before. */
const slotsFor = (homes: number, depth: number, from: readonly Partition[], half: 0 | 1 | undefined): number => {
  let next = 0;
  for (const { words, slots } of from) {
    for (let slot = 0; slot < slots; slot++) {
      const tag = words[slot] ?? 0;
      if (tag !== 0 && !isOtherHalf(tag, depth, half)) next = Math.max(next, homeIn(homes, orderOf(tag, depth))) + 1;
    }
  }
  return Math.max(next, homes);
};

const copyRow = (from: Int32Array, at: number, into: Int32Array, to: number, length: number): void => {
  for (let i = 0; i < length; i++) into[to + i] = from[at + i] ?? 0;
};
