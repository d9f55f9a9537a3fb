import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createBlockedFilter } from './blocked-filter.js';
import { type Filter } from './filter.js';
import { FilterKeeper, type HashSource } from './filter-keeper.js';

type Hash = readonly [number, number];

/** A set that hands out its hashes one at a time, in their order, so that writes fall between any two of them. */
class SlowSet implements HashSource {
  readonly hashes: Hash[] = [];

  get count(): number {
    return this.hashes.length;
  }

  add(hash: Hash): void {
    const at = this.hashes.findIndex(([h0]) => h0 > hash[0]);
    this.hashes.splice(at < 0 ? this.hashes.length : at, 0, hash);
  }

  copyFrom(position: number, filter: Filter): { readonly next: number | undefined; readonly copied: number } {
    const hash = this.hashes.find(([h0]) => h0 >= position);
    if (hash === undefined) return { next: undefined, copied: 0 };
    filter.add(...hash);
    return { next: hash[0] + 1, copied: 5 };
  }
}

const hashOf = (i: number): Hash => [Math.imul(i + 1, 0x9e3779b1) >>> 1, Math.imul(i + 1, 0x85ebca6b) | 0];

const aKeeper = (Keeper: typeof FilterKeeper, set: SlowSet): FilterKeeper =>
  new Keeper(set, { makeFilter: createBlockedFilter, falsePositiveRate: 0.001, capacity: 16 });

/** Adds `count` hashes, as an index does, and says which of all so far the filter denies. */
const grow = (keeper: FilterKeeper, set: SlowSet, count: number): Hash[] => {
  for (let i = 0; i < count; i++) {
    const hash = hashOf(set.count);
    set.add(hash);
    keeper.add(...hash);
  }
  return set.hashes.filter((hash) => !keeper.mightContain(...hash));
};

/** What is written during a rebuild goes into the old filter alone. */
class LosesWrites extends FilterKeeper {
  override add(h0: number, h1: number): void {
    if (!this.rebuilding) super.add(h0, h1);
    else if (this.maintain()) this.current.add(h0, h1);
  }
}

/** Rows of an image that come during a rebuild go into the old filter alone. */
class LosesRows extends FilterKeeper {
  override addRows(words: Int32Array, from: number, to: number, width: number): void {
    for (let at = from; at < to; at += width) this.current.add(words[at]!, words[at + 1]!);
  }
}

const ROW = 5;

/** Rows of an image, some at a time, between writes. Answers how many of all the filter denies. */
const fill = (keeper: FilterKeeper, set: SlowSet): number => {
  let denied = 0;
  for (let part = 0; part < 30; part++) {
    grow(keeper, set, 40);
    const hashes = Array.from({ length: 40 }, (_, i) => hashOf(set.count + i));
    for (const hash of hashes) set.add(hash);
    const words = Int32Array.from(hashes.flatMap(([h0, h1]) => [h0, h1, 0, 0, 0]));
    keeper.addRows(words, 0, words.length, ROW);
    denied += set.hashes.filter((hash) => !keeper.mightContain(...hash)).length;
  }
  return denied;
};

describe('The keeper of a filter', () => {
  it('loses nothing however often it makes the filter anew, whatever is written meanwhile (D6)', () => {
    const set = new SlowSet();
    const keeper = aKeeper(FilterKeeper, set);
    const rebuilt: boolean[] = [];
    for (let i = 0; i < 60; i++) {
      expect(grow(keeper, set, 100)).toEqual([]);
      rebuilt.push(keeper.rebuilding);
    }
    expect(rebuilt).toContain(true);
    expect(keeper.capacity).toBeGreaterThan(4_000);
  });

  it('is found out when it loses a write during a rebuild', () => {
    const set = new SlowSet();
    const keeper = aKeeper(LosesWrites, set);
    const lost = Array.from({ length: 60 }, () => grow(keeper, set, 100).length);
    expect(lost.some((count) => count > 0)).toBe(true);
  });

  it('never holds twice as many hashes as its filter has room for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 }), (steps) => {
        const set = new SlowSet();
        const keeper = aKeeper(FilterKeeper, set);
        for (const step of steps) {
          grow(keeper, set, step);
          expect(keeper.added).toBeLessThanOrEqual(2 * keeper.capacity);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives memory back once most hashes are gone, and forgets them', () => {
    const set = new SlowSet();
    const keeper = aKeeper(FilterKeeper, set);
    grow(keeper, set, 5_000);
    const gone = set.hashes.splice(10);
    const full = keeper.bytes;
    // One rebuild that was under way, and the one that makes it smaller.
    for (let i = 0; i < 10_000; i++) keeper.maintain();
    expect(keeper.bytes).toBeLessThan(full / 5);
    expect(set.hashes.every((hash) => keeper.mightContain(...hash))).toBe(true);
    expect(gone.filter((hash) => keeper.mightContain(...hash)).length).toBeLessThan(50);
  });

  it('loses no row of an image either, and is found out when it does', () => {
    const set = new SlowSet();
    expect(fill(aKeeper(FilterKeeper, set), set)).toBe(0);
    const other = new SlowSet();
    expect(fill(aKeeper(LosesRows, other), other)).toBeGreaterThan(0);
  });

  it('has room for more after it was filled as it was told', () => {
    const set = new SlowSet();
    const keeper = aKeeper(FilterKeeper, set);
    keeper.reserve(2_000);
    expect(grow(keeper, set, 2_100)).toEqual([]);
    expect(keeper.rebuilding).toBe(false);
    expect(keeper.capacity).toBe(2_500);
  });
});
