import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CONFLICTS_MAX, CUTS_REMEMBERED_MAX, VERIFY_RECORDS_MAX } from './follower-limits.js';
import { type IdentityCheck, IdentityChecks } from './identity-checks.js';
import { sequence } from './units.js';

/** Confirms check after check until the last one, and answers all of them. */
const confirmAll = (checks: IdentityChecks, watermark: number, first = 1): IdentityCheck[] => {
  const done: IdentityCheck[] = [];
  for (let last = false; !last;) {
    const check = checks.next(sequence(watermark), sequence(first));
    checks.same(check);
    done.push(check);
    last = check.last;
  }
  return done;
};

const FAR = 10 * VERIFY_RECORDS_MAX;

describe('Identity checks before a proof', () => {
  it('compare the newest records, and only the watermark once nothing is new', () => {
    const checks = new IdentityChecks();
    expect(confirmAll(checks, 10)).toEqual([{ from: 1, to: 10, last: true }]);
    expect(confirmAll(checks, 10)).toEqual([{ from: 10, to: 10, last: true }]);
    expect(confirmAll(checks, 12)).toEqual([{ from: 10, to: 12, last: true }]);
  });

  it('compare the watermark of the last proof when it is far behind', () => {
    const checks = new IdentityChecks();
    confirmAll(checks, 10);
    expect(confirmAll(checks, FAR)).toEqual([
      { from: 10, to: 10, last: false },
      { from: FAR - VERIFY_RECORDS_MAX + 1, to: FAR, last: true },
    ]);
  });

  it('compare where every connection was cut, from the first on after each cut', () => {
    const checks = new IdentityChecks();
    checks.sawCut(sequence(10));
    checks.same(checks.next(sequence(FAR), sequence(1)));
    checks.sawCut(sequence(20));
    checks.sawCut(sequence(20));
    expect(confirmAll(checks, FAR).map(({ from }) => from)).toEqual([10, 20, FAR - VERIFY_RECORDS_MAX + 1]);
  });

  it('put conflicts first, and none behind another one', () => {
    const checks = new IdentityChecks();
    for (const at of [FAR, 5, 3]) checks.sawConflict(sequence(at));
    expect(checks.inConflict).toBe(true);
    expect(confirmAll(checks, FAR).slice(0, 2)).toEqual([
      { from: 3, to: 5, last: false },
      { from: FAR, to: FAR, last: false },
    ]);
    expect(checks.inConflict).toBe(false);
  });

  it('admit it when there are too many conflicts to compare, and remember no more', () => {
    const checks = new IdentityChecks();
    for (let at = 1; at <= CONFLICTS_MAX; at += 1) checks.sawConflict(sequence(at));
    expect(checks.tooManyConflicts).toBe(false);
    for (const more of [1, 2, 3]) checks.sawConflict(sequence(CONFLICTS_MAX + more));
    expect(checks.tooManyConflicts).toBe(true);
  });

  it('leave out what has aged out', () => {
    const checks = new IdentityChecks();
    checks.sawCut(sequence(10));
    checks.sawConflict(sequence(5));
    checks.agedOutBefore(sequence(FAR - 1));
    expect(checks.inConflict).toBe(false);
    expect(confirmAll(checks, FAR, FAR - 1)).toEqual([{ from: FAR - 1, to: FAR, last: true }]);
  });

  it('admit it when there were too many cuts to remember', () => {
    const checks = new IdentityChecks();
    for (let cut = 1; cut <= CUTS_REMEMBERED_MAX; cut += 1) expect(checks.sawCut(sequence(cut))).toBe(true);
    expect(checks.sawCut(sequence(CUTS_REMEMBERED_MAX + 1))).toBe(false);
  });

  it('always come to an end, and compare the watermark last', () => {
    const moves = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 20 });
    fc.assert(
      fc.property(moves, (steps) => {
        const checks = new IdentityChecks();
        let watermark = 1;
        const ends = steps.map((step) => {
          watermark += step;
          if (step % 3 === 0) checks.sawCut(sequence(watermark));
          return step % 7 === 0 ? confirmAll(checks, watermark).at(-1)?.to : watermark;
        });
        expect(ends.at(-1) ?? watermark).toBe(watermark);
      }),
    );
  });
});
