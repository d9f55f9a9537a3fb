import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutoffForEvent, isCutoffInFuture } from './cut-off.js';
import { epochMs, epochSeconds } from './units.js';

const SECOND = 1_790_000_000;

describe('the cut-off of an event', () => {
  it.each([0, 1, 500, 999])('includes the whole second of the event, %i ms into it (D1)', (ms) => {
    expect(cutoffForEvent(epochMs(SECOND * 1000 + ms), 0)).toBe(SECOND + 1);
  });

  it('lies after every token that was issued up to the event by a clock within the lead', () => {
    const event = fc.record({ at: fc.integer({ min: 0, max: 4e12 }), lead: fc.integer({ min: 0, max: 300 }) });
    fc.assert(
      fc.property(event, ({ at, lead }) => {
        const latestIat = Math.floor(at / 1000 + lead);
        expect(cutoffForEvent(epochMs(at), lead)).toBeGreaterThan(latestIat);
        expect(cutoffForEvent(epochMs(at), lead)).toBe(latestIat + 1);
      }),
    );
  });

  it.each([
    ['a new year', Date.UTC(2027, 0, 1)],
    ['the end of summer time in Berlin', Date.UTC(2026, 9, 25, 1)],
    ['the end of 32-bit seconds', 2 ** 31 * 1000],
  ])('goes on counting seconds over %s (D13)', (_what, boundary) => {
    expect(cutoffForEvent(epochMs(boundary - 1), 0)).toBe(boundary / 1000);
    expect(cutoffForEvent(epochMs(boundary), 0)).toBe(boundary / 1000 + 1);
  });
});

describe('a cut-off in the future', () => {
  const settings = { clockSkewSeconds: 60, leadSeconds: 0 };
  const now = epochMs(SECOND * 1000 + 999);

  it('is one beyond the skew, to the second (D2)', () => {
    expect(isCutoffInFuture(epochSeconds(SECOND + 61), now, settings)).toBe(false);
    expect(isCutoffInFuture(epochSeconds(SECOND + 61.001), now, settings)).toBe(true);
    expect(isCutoffInFuture(epochSeconds(SECOND * 1000), now, settings)).toBe(true);
  });

  it('is never the cut-off of an event that just happened, whatever the lead', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.nat(3600), fc.nat(300), (at, leadSeconds, clockSkewSeconds) => {
        const cutoff = cutoffForEvent(epochMs(at), leadSeconds);
        expect(isCutoffInFuture(cutoff, epochMs(at), { leadSeconds, clockSkewSeconds })).toBe(false);
      }),
    );
  });

  it('is not one in the far past (D2)', () => {
    expect(isCutoffInFuture(epochSeconds(0), now, settings)).toBe(false);
  });
});
