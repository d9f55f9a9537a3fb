import { describe, expect, it } from '@jest/globals';
import { type Filter, type FilterFactory } from '@revocast/core';

export interface FilterContractOptions {
  readonly makeFilter: FilterFactory;
  /** Share of foreign hashes that theory lets pass, of a filter that holds `held` hashes and was made for these options. */
  readonly rateInTheory: (held: number, capacity: number, falsePositiveRate: number) => number;
}

/** Words that look random and are the same each time (SplitMix, 32 bits). */
const wordsFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
};

const filled = (filter: Filter, count: number, seed: number): Filter => {
  const next = wordsFrom(seed);
  for (let i = 0; i < count; i++) filter.add(next(), next());
  return filter;
};

const passing = (filter: Filter, asked: number, seed: number): number => {
  const next = wordsFrom(seed);
  let passed = 0;
  for (let i = 0; i < asked; i++) if (filter.mightContain(next(), next())) passed++;
  return passed;
};

/** What an index expects of a filter. */
export const describeFilter = (name: string, { makeFilter, rateInTheory }: FilterContractOptions): void => {
  describe(`The filter ${name}`, () => {
    it('never misses a hash that was added, however far beyond its capacity (D14)', () => {
      for (let capacity = 0; capacity <= 50; capacity++) {
        const filter = makeFilter({ capacity, falsePositiveRate: 0.01 });
        const next = wordsFrom(capacity);
        const all: (readonly [number, number])[] = [];
        for (let i = 0; i < 200; i++) {
          const hash = [next(), i % 10 === 0 ? -1 : next()] as const;
          all.push(hash);
          filter.add(...hash);
        }
        expect(all.filter((added) => !filter.mightContain(...added))).toEqual([]);
      }
    });

    it.each([
      [1_000, 0.01],
      [100_000, 0.01],
      [100_000, 0.001],
    ])('made for %i hashes lets a share of %d pass, within a fifth of what theory says', (capacity, rate) => {
      const filter = filled(makeFilter({ capacity, falsePositiveRate: rate }), capacity, 1);
      const expected = rateInTheory(capacity, capacity, rate);
      expect(expected).toBeLessThanOrEqual(rate * 1.01);
      // A few small filters vary among themselves; enough hashes are asked for the count to vary by 2 %.
      const asked = Math.ceil(2_500 / expected);
      const share = passing(filter, asked, 2) / asked;
      expect(share).toBeGreaterThan(expected * 0.8);
      expect(share).toBeLessThan(expected * 1.2);
    });

    it('says surely not to everything while it is empty', () => {
      expect(passing(makeFilter({ capacity: 100, falsePositiveRate: 0.01 }), 1_000, 3)).toBe(0);
    });

    it('takes less than three bytes a hash at one in a thousand', () => {
      expect(makeFilter({ capacity: 100_000, falsePositiveRate: 0.001 }).bytes).toBeLessThan(300_000);
    });
  });
};
