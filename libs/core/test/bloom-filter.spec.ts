import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createBloomFilter } from './bloom-filter.js';

const hashKey = Uint8Array.from({ length: 16 }, (_, i) => i);
const keys = (count: number, prefix = 'key'): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

describe('a Bloom filter', () => {
  it('never misses a key that was added, however far beyond its capacity it grew (D14)', () => {
    const property = fc.property(
      fc.array(fc.string(), { maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      (all, capacity) => {
        const filter = createBloomFilter({ hashKey, capacity });
        for (const [i, key] of all.entries()) {
          filter.add(key);
          expect(all.slice(0, i + 1).every((added) => filter.mightContain(added))).toBe(true);
        }
      },
    );
    fc.assert(property, { numRuns: 50 });
  });

  it.each([0.1, 0.01, 0.001])(
    'lets no larger share of foreign keys pass than %d, also 60 times over capacity (D14)',
    (falsePositiveRate) => {
      const filter = createBloomFilter({ hashKey, capacity: 1000, falsePositiveRate });
      for (const key of keys(60_000)) filter.add(key);
      const passed = keys(50_000, 'foreign').filter((key) => filter.mightContain(key)).length;
      expect(passed / 50_000).toBeLessThan(falsePositiveRate);
    },
  );

  it('says surely not to everything while it is empty', () => {
    const filter = createBloomFilter({ hashKey });
    expect([filter.mightContain(''), filter.bytes, filter.added]).toEqual([false, 0, 0]);
  });

  it('starts over with exactly the keys of a rebuild', () => {
    const filter = createBloomFilter({ hashKey, capacity: 100 });
    for (const key of keys(10_000)) filter.add(key);
    const full = filter.bytes;
    filter.rebuild(keys(50, 'kept'));
    expect(keys(50, 'kept').every((key) => filter.mightContain(key))).toBe(true);
    expect(keys(10_000).filter((key) => filter.mightContain(key)).length).toBeLessThan(200);
    expect(filter.added).toBe(50);
    expect(filter.bytes).toBeLessThan(full / 50);
  });

  it('sets other bits with another key', () => {
    const [one, other] = [hashKey, new Uint8Array(16)].map((key) => {
      const filter = createBloomFilter({ hashKey: key, capacity: 1000, falsePositiveRate: 0.1 });
      for (const text of keys(1000)) filter.add(text);
      return keys(20_000, 'foreign').filter((text) => filter.mightContain(text));
    });
    expect(one).not.toEqual([]);
    expect(one!.filter((text) => other!.includes(text)).length).toBeLessThan(one!.length / 2);
  });

  it.each([0, 1, -1, Number.NaN])('refuses %d as a share of false positives', (falsePositiveRate) => {
    expect(() => createBloomFilter({ hashKey, falsePositiveRate })).toThrow(RangeError);
  });
});
