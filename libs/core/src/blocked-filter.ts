import { type Filter, type FilterFactory, type FilterOptions } from './filter.js';

/** 512 bits: one line of the memory caches, so a check waits for memory once. */
const BLOCK_BITS = 512;
const BLOCK_WORDS = BLOCK_BITS / 32;
/** One bit in each eighth of a block. */
const PROBES = 8;
const PROBE_BITS = BLOCK_BITS / PROBES;

/** Odd, from the decimals of the golden ratio: each turns the second word into a probe of its own (a split block filter, as in Apache Parquet). */
const S0 = 0x9e3779b9 | 0;
const S1 = 0x7f4a7c15 | 0;
const S2 = 0xf39cc060 | 1;
const S3 = 0x5cedc835 | 0;
const S4 = 0x1082276b | 0;
const S5 = 0xf3a27251 | 0;
const S6 = 0xf86c6a11 | 0;
const S7 = 0xd0c18e95 | 0;

/**
 * A blocked Bloom filter (Putze, Sanders and Singler 2007): the first word of the hash chooses a block, the second one
 * bit in each of its eight parts.
 */
export const createBlockedFilter: FilterFactory = (options) => new BlockedFilter(options);

class BlockedFilter implements Filter {
  readonly capacity: number;
  /** Blocks per hash: a product of it and a hash is never rounded up to the number of blocks, of which there are fewer than 2^26. */
  readonly #scale: number;
  readonly #words: Int32Array;

  constructor({ capacity, falsePositiveRate }: FilterOptions) {
    if (!(falsePositiveRate > 0 && falsePositiveRate < 1)) {
      throw new RangeError('falsePositiveRate must lie between 0 and 1.');
    }
    const blocks = Math.max(1, Math.ceil(capacity / hashesPerBlock(falsePositiveRate)));
    this.#scale = blocks / 0x1_0000_0000;
    this.capacity = capacity;
    this.#words = new Int32Array(blocks * BLOCK_WORDS);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  add(h0: number, h1: number): void {
    const at = this.#blockOf(h0);
    const words = this.#words;
    setBit(words, at, Math.imul(h1, S0));
    setBit(words, at + 2, Math.imul(h1, S1));
    setBit(words, at + 4, Math.imul(h1, S2));
    setBit(words, at + 6, Math.imul(h1, S3));
    setBit(words, at + 8, Math.imul(h1, S4));
    setBit(words, at + 10, Math.imul(h1, S5));
    setBit(words, at + 12, Math.imul(h1, S6));
    setBit(words, at + 14, Math.imul(h1, S7));
  }

  /**
   * All eight parts are looked at, and one branch follows, which is nearly always taken: half of the bits of a filter are
   * set, so each probe that ended early would be a guess of the processor, wrong every other time, and dearer than the other seven.
   */
  mightContain(h0: number, h1: number): boolean {
    const words = this.#words;
    const at = this.#blockOf(h0);
    const bit0 = Math.imul(h1, S0);
    const bit1 = Math.imul(h1, S1);
    const bit2 = Math.imul(h1, S2);
    const bit3 = Math.imul(h1, S3);
    const bit4 = Math.imul(h1, S4);
    const bit5 = Math.imul(h1, S5);
    const bit6 = Math.imul(h1, S6);
    const bit7 = Math.imul(h1, S7);
    const all =
      ((words[at + (bit0 >>> 31)] ?? 0) >>> (bit0 >>> 26)) &
      ((words[at + 2 + (bit1 >>> 31)] ?? 0) >>> (bit1 >>> 26)) &
      ((words[at + 4 + (bit2 >>> 31)] ?? 0) >>> (bit2 >>> 26)) &
      ((words[at + 6 + (bit3 >>> 31)] ?? 0) >>> (bit3 >>> 26)) &
      ((words[at + 8 + (bit4 >>> 31)] ?? 0) >>> (bit4 >>> 26)) &
      ((words[at + 10 + (bit5 >>> 31)] ?? 0) >>> (bit5 >>> 26)) &
      ((words[at + 12 + (bit6 >>> 31)] ?? 0) >>> (bit6 >>> 26)) &
      ((words[at + 14 + (bit7 >>> 31)] ?? 0) >>> (bit7 >>> 26));
    return (all & 1) !== 0;
  }

  /** Blocks follow the order of the hashes, so that filling a filter from a sorted table walks through memory once. */
  #blockOf(h0: number): number {
    return (((h0 >>> 0) * this.#scale) | 0) * BLOCK_WORDS;
  }
}

/** The highest six bits of a probe say which of the 64 bits of a part. */
const setBit = (words: Int32Array, part: number, probe: number): void => {
  const word = part + (probe >>> 31);
  words[word] = (words[word] ?? 0) | (1 << (probe >>> 26));
};

/**
 * Share of foreign hashes that pass, by theory, when a block holds `mean` hashes on average. Some blocks hold more and pass
 * more: how many a block holds is Poisson distributed, and each of the eight probes is a 64-bit part of its own.
 */
export const blockedRate = (mean: number): number => {
  let rate = 0;
  let share = Math.exp(-mean);
  for (let held = 0; held < mean + 12 * Math.sqrt(mean) + 12; held++) {
    rate += share * (1 - (1 - 1 / PROBE_BITS) ** held) ** PROBES;
    share *= mean / (held + 1);
  }
  return rate;
};

/** Remembered for one rate, since all filters of an index have the same: it takes some milliseconds. */
let latest = { falsePositiveRate: 0, hashes: 0 };

const hashesPerBlock = (falsePositiveRate: number): number => {
  if (falsePositiveRate === latest.falsePositiveRate) return latest.hashes;
  let [low, high] = [0.5, BLOCK_BITS];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (blockedRate(middle) <= falsePositiveRate) low = middle;
    else high = middle;
  }
  latest = { falsePositiveRate, hashes: low };
  return low;
};
