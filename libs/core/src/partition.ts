/*
 * The rows of one partition of a table in one array: one row a slot, in the order of their hashes, each at or after its
 * home; tag 0 = empty. The last slot is always empty, so that a scan ends.
 */

/** The lower bits of a tag are bits of the hash; above them stand eight bits that belong to whoever owns the table. */
export const MARK_SHIFT = 24;
export const HASH_BITS = 0x00ffffff;
/** A row begins with so many words: of its hash, or with the tag in place of the first. Then comes the payload. */
export const HASH_WORDS = 4;
/** A partition is made anew with the lower load once it reaches the higher: 6 % of slack on average, seven rows moved per row added. */
export const LOAD_FRESH = 0.83;
export const LOAD_FULL = 0.95;
/** Slots beyond the last home, for rows that were pushed there. */
const TAIL_MIN = 4;

/** Rows outside of a table, in the order of their hashes: per row its four words of hash and its payload, and one mark. */
export interface Rows {
  readonly words: Int32Array;
  readonly marks: Uint8Array;
  count: number;
}

/** Some of them. */
export interface RowRange {
  readonly rows: Rows;
  readonly from: number;
  readonly to: number;
}

/** Consecutive hashes: all that begin with the same `depth` bits. */
export interface Partition {
  readonly depth: number;
  /** Slots that are the home of some hash. */
  readonly homes: number;
  readonly count: number;
  readonly words: Int32Array;
}

type Target = Omit<Partition, 'count'> & { readonly width: number };

/** One empty slot of any width. Never written to: it may stand in many places. */
export const EMPTY = new Int32Array(16);

/** What a new partition is made of: the rows of others whose hashes begin as `h0`, in order, and behind them those of `more`. */
export interface PartitionPlan {
  readonly h0: number;
  readonly depth: number;
  readonly count: number;
  readonly width: number;
  readonly from: readonly Partition[];
  readonly more?: RowRange;
  /** Default: as many as a partition of this size begins with. */
  readonly homes?: number;
}

/** There is room for at least one other row. */
export const makePartition = (plan: PartitionPlan): Partition => {
  const { h0, depth, count, width, from, more } = plan;
  const homes = plan.homes ?? homesFor(h0, depth, count);
  if (homes === 0) return { depth, homes, count, words: EMPTY };
  for (let tail = TAIL_MIN + (homes >>> 7); ; tail = Math.ceil(1.5 * tail)) {
    const words = new Int32Array((homes + tail) * width);
    const into = { words, homes, depth, width };
    let end = 0;
    for (const partition of from) end = moveRows(into, end, partition, h0);
    if (more !== undefined) end = takeRows(into, end, more);
    if (end + 2 * width <= words.length) return { depth, homes, count, words };
  }
};

/** Copies the rows of a partition whose hashes begin as `h0` behind `end`. Answers where they end; beyond the array when they do not fit. */
const moveRows = ({ words, homes, depth, width }: Target, end: number, from: Partition, h0: number): number => {
  const source = from.words;
  // Of a partition that is split the half whose next bit is that of `h0`.
  const bit = depth > from.depth ? 1 << (32 - depth) : 0;
  let to = end;
  for (let slot = 0; slot < source.length; slot += width) {
    const tag = source[slot] ?? 0;
    if (tag === 0 || ((tag ^ h0) & bit) !== 0) continue;
    to = Math.max(to, homeIn(homes, orderOf(tag, depth)) * width);
    if (to >= words.length) return Infinity;
    words[to] = tag;
    for (let i = 1; i < width; i++) words[to + i] = source[slot + i] ?? 0;
    to += width;
  }
  return to;
};

/** The same for rows from outside. */
const takeRows = ({ words, homes, depth, width }: Target, end: number, { rows, from, to: last }: RowRange): number => {
  const source = rows.words;
  let to = end;
  for (let row = from; row < last; row++) {
    const at = row * width;
    const h0 = source[at] ?? 0;
    to = Math.max(to, homeIn(homes, orderOf(h0, depth)) * width);
    if (to >= words.length) return Infinity;
    words[to] = tagOf(h0, rows.marks[row] ?? 0);
    for (let i = 1; i < width; i++) words[to + i] = source[at + i] ?? 0;
    to += width;
  }
  return to;
};

export const tagOf = (h0: number, mark: number): number => (mark << MARK_SHIFT) | (h0 & HASH_BITS);

/** What tells the hashes of one partition apart, as a number that grows with the hash. */
export const orderOf = (word: number, depth: number): number => (word << depth) >>> 0;

export const homeIn = (homes: number, order: number): number => Math.floor((order * homes) / 0x1_0000_0000);

/**
 * Homes of a partition for so many rows. Hashes fill all partitions alike, so that all would be made anew at the same time
 * and memory would grow in jumps: each begins with a load of its own.
 */
export const homesFor = (h0: number, depth: number, count: number): number => {
  if (count === 0) return 0;
  const phase = (Math.imul((h0 >>> (32 - depth)) + depth, 0x9e3779b1) >>> 0) / 0x1_0000_0000;
  return Math.ceil(count / (LOAD_FRESH + phase * (LOAD_FULL - LOAD_FRESH))) + 1;
};

/** The hash bits of the last row; -1 without one. */
export const lastOrder = (words: Int32Array, width: number): number => {
  let slot = words.length - width;
  while (slot >= 0 && words[slot] === 0) slot -= width;
  return slot < 0 ? -1 : (words[slot] ?? 0) & HASH_BITS;
};
