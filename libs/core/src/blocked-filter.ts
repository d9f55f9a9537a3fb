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
const SALTS = [S0, S1, S2, S3, S4, S5, S6, S7];

/**
 * A blocked Bloom filter (Putze, Sanders and Singler 2007): the first word of the hash chooses a block, the second one
 * bit in each of its eight parts.
 */
export const createBlockedFilter: FilterFactory = (options) => new BlockedFilter(options);

class BlockedFilter implements Filter {
  readonly capacity: number;
  readonly #blocks: number;
  readonly #words: Int32Array;

  constructor({ capacity, falsePositiveRate }: FilterOptions) {
    if (!(falsePositiveRate > 0 && falsePositiveRate < 1)) {
      throw new RangeError('falsePositiveRate must lie between 0 and 1.');
    }
    this.#blocks = Math.max(1, Math.ceil(capacity / hashesPerBlock(falsePositiveRate)));
    this.capacity = capacity;
    this.#words = new Int32Array(this.#blocks * BLOCK_WORDS);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  add(h0: number, h1: number): void {
    const at = this.#blockOf(h0);
    for (let i = 0; i < PROBES; i++) {
      const bit = Math.imul(h1, SALTS[i] ?? 0);
      const word = at + 2 * i + (bit >>> 31);
      this.#words[word] = (this.#words[word] ?? 0) | (1 << (bit >>> 26));
    }
  }

  // Written out: nine of ten checks end here, most of them at the second probe.
  mightContain(h0: number, h1: number): boolean {
    const words = this.#words;
    const at = this.#blockOf(h0);
    let bit = Math.imul(h1, S0);
    if ((((words[at + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S1);
    if ((((words[at + 2 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S2);
    if ((((words[at + 4 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S3);
    if ((((words[at + 6 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S4);
    if ((((words[at + 8 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S5);
    if ((((words[at + 10 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S6);
    if ((((words[at + 12 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) === 0) return false;
    bit = Math.imul(h1, S7);
    return (((words[at + 14 + (bit >>> 31)] ?? 0) >>> (bit >>> 26)) & 1) !== 0;
  }

  /** Blocks follow the order of the hashes, so that filling a filter from a sorted table walks through memory once. */
  #blockOf(h0: number): number {
    return Math.floor(((h0 >>> 0) * this.#blocks) / 0x1_0000_0000) * BLOCK_WORDS;
  }
}

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

const hashesPerBlock = (falsePositiveRate: number): number => {
  let [low, high] = [0.5, BLOCK_BITS];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (blockedRate(middle) <= falsePositiveRate) low = middle;
    else high = middle;
  }
  return low;
};
