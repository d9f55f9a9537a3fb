import assert from 'node:assert/strict';
import { type Filter, type FilterFactory } from '@revocast/core';
import { type SuiteRunner } from './feed-contract.js';

export interface FilterContractOptions extends SuiteRunner {
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
export const describeFilter = (name: string, options: FilterContractOptions): void => {
  const { describe, it, makeFilter } = options;
  describe(`The filter ${name}`, () => {
    it('never misses a hash that was added, however far beyond its capacity (D14)', () => {
      for (let capacity = 0; capacity <= 50; capacity++) assert.deepEqual(missedBeyond(makeFilter, capacity), []);
      return Promise.resolve();
    });

    for (const [capacity, rate] of SIZES) {
      it(`made for ${capacity} hashes lets a share of ${rate} pass, within a fifth of what theory says`, () => {
        assertRate(options, capacity, rate);
        return Promise.resolve();
      });
    }

    it('says surely not to everything while it is empty', () => {
      assert.equal(passing(makeFilter({ capacity: 100, falsePositiveRate: 0.01 }), 1_000, 3), 0);
      return Promise.resolve();
    });

    it('takes less than three bytes a hash at one in a thousand', () => {
      assert.ok(makeFilter({ capacity: 100_000, falsePositiveRate: 0.001 }).bytes < 300_000);
      return Promise.resolve();
    });
  });
};

const SIZES = [
  [1_000, 0.01],
  [100_000, 0.01],
  [100_000, 0.001],
] as const;

/** Of 200 hashes that were added to a filter made for `capacity`, the ones that it does not know. */
const missedBeyond = (makeFilter: FilterFactory, capacity: number): readonly (readonly [number, number])[] => {
  const filter = makeFilter({ capacity, falsePositiveRate: 0.01 });
  const next = wordsFrom(capacity);
  const all = Array.from({ length: 200 }, (_, i) => [next(), i % 10 === 0 ? -1 : next()] as const);
  for (const hash of all) filter.add(...hash);
  return all.filter((added) => !filter.mightContain(...added));
};

const assertRate = (
  { makeFilter, rateInTheory }: Pick<FilterContractOptions, 'makeFilter' | 'rateInTheory'>,
  capacity: number,
  rate: number,
): void => {
  const filter = filled(makeFilter({ capacity, falsePositiveRate: rate }), capacity, 1);
  const expected = rateInTheory(capacity, capacity, rate);
  assert.ok(expected <= rate * 1.01, `theory says ${expected}`);
  // A few small filters vary among themselves; enough hashes are asked for the count to vary by 2 %.
  const asked = Math.ceil(2_500 / expected);
  const share = passing(filter, asked, 2) / asked;
  assert.ok(share > expected * 0.8 && share < expected * 1.2, `${share} pass, ${expected} should`);
};
