import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EndCounts } from './end-counts.js';

const anEnd = fc.oneof(fc.nat(50), fc.nat(0x7fff_ffff), fc.constant(Infinity));

describe('Counts of ends', () => {
  it('are exact to the second while ends are few, also after others were taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anEnd, fc.boolean()), { maxLength: 60 }), fc.nat(60), (ends, now) => {
        const counts = new EndCounts();
        for (const [end] of ends) counts.add(end);
        for (const [end, gone] of ends) if (gone) counts.remove(end);
        const left = ends.filter(([, gone]) => !gone).map(([end]) => end);
        expect(counts.count).toBe(left.length);
        expect(counts.running(now)).toBe(left.filter((end) => now < end).length);
        expect(counts.mayRun(now)).toBe(left.some((end) => now < end));
        expect(counts.hasEnded(now)).toBe(left.some((end) => end <= now));
      }),
    );
  });

  it('never say that something has ended which has not, over years, in bounded memory (D9)', () => {
    const counts = new EndCounts();
    const year = 365 * 86_400;
    const ends = Array.from({ length: 100_000 }, (_, i) => (i * 7_919) % (3 * year));
    for (const end of ends) counts.add(end);
    expect(counts.bytes).toBeLessThan(300_000);
    for (const now of [0, 1_000_000, year, 2 * year, 3 * year - 1]) {
      const running = ends.filter((end) => now < end).length;
      expect(counts.running(now)).toBeGreaterThanOrEqual(running);
      // Steps of some hours at most.
      expect(counts.running(now - 43_200 * 2)).toBeGreaterThanOrEqual(running);
      expect(counts.running(now)).toBeLessThanOrEqual(ends.filter((end) => now - 2 * 86_400 < end).length);
    }
    for (const end of ends) counts.remove(end);
    expect([counts.count, counts.running(0), counts.mayRun(0)]).toEqual([0, 0, false]);
    expect(counts.bytes).toBeLessThan(2_000);
  });
});
