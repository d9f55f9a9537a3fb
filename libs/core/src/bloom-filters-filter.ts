import { type Filter, type FilterFactory } from './filter.js';

/** What we use of `bloom-filters` 3: pass the result of `await import('bloom-filters')`. */
export interface BloomFiltersModule {
  readonly default: { readonly BloomFilter: BloomFilterClass };
}

interface BloomFilterClass {
  create(capacity: number, falsePositiveRate: number): LibraryFilter;
}

interface LibraryFilter {
  add(element: string): void;
  has(element: string): boolean;
  readonly size: number;
}

/** Part of the library that its own documentation says may be replaced. */
interface Hashing {
  getIndexes(element: unknown, size: number, hashCount: number, seed: number): readonly number[];
}

/**
 * The classic Bloom filter of the `bloom-filters` package behind our port. Its own hashing takes ten microseconds and is not
 * keyed, so it is told the words of our keyed hash instead. The core does not import the package: whoever chooses it does.
 */
export const createBloomFiltersFilter =
  ({ default: { BloomFilter } }: BloomFiltersModule): FilterFactory =>
  ({ capacity, falsePositiveRate }) =>
    new BloomFiltersFilter(BloomFilter.create(Math.max(1, capacity), falsePositiveRate), capacity);

class BloomFiltersFilter implements Filter {
  readonly #hashing = new WordHashing();

  constructor(
    private readonly filter: LibraryFilter,
    readonly capacity: number,
  ) {
    Object.assign(filter, { _hashing: this.#hashing });
  }

  get bytes(): number {
    return Math.ceil(this.filter.size / 8);
  }

  add(h0: number, h1: number): void {
    this.#hashing.set(h0, h1);
    this.filter.add('');
  }

  mightContain(h0: number, h1: number): boolean {
    this.#hashing.set(h0, h1);
    return this.filter.has('');
  }
}

/** Enhanced double hashing (Dillinger and Manolios 2004) of two words, into one array that is used again and again. */
class WordHashing implements Hashing {
  readonly #indexes: number[] = [];
  #first = 0;
  #second = 0;

  set(h0: number, h1: number): void {
    this.#first = h0 >>> 0;
    this.#second = h1 >>> 0;
  }

  getIndexes(_element: unknown, size: number, hashCount: number): readonly number[] {
    const indexes = this.#indexes;
    // Both spread over all of a filter that may have more bits than a word has values.
    let first = Math.floor(this.#first * (size / 0x1_0000_0000));
    let step = this.#second % size;
    for (let i = 0; i < hashCount; i++) {
      indexes[i] = first;
      step = (step + i + 1) % size;
      first = (first + step) % size;
    }
    return indexes;
  }
}
