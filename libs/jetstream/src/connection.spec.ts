import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryDelayMs } from './connection.js';

describe('The wait before the next attempt to connect', () => {
  it('is spread over all of its range, so that a fleet does not come back in one instant', () => {
    const delays = [0, 0.25, 0.5, 0.75].map((dice) => retryDelayMs(2, dice));
    expect(delays).toEqual([0, 250, 500, 750]);
  });

  it('doubles its range with each attempt and never exceeds five seconds', () => {
    expect([0, 1, 2, 3, 4, 5].map((attempt) => retryDelayMs(attempt, 1))).toEqual([
      250, 500, 1_000, 2_000, 4_000, 5_000,
    ]);
    fc.assert(
      fc.property(fc.nat(100_000), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (attempt, dice) => {
        const delayMs = retryDelayMs(attempt, dice);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(5_000);
      }),
    );
  });
});
