import { describe, expect, it } from '@jest/globals';
import { type Instant } from './clock.js';
import { HeadSchedule } from './head-schedule.js';
import { epochMs, monotonicMs } from './units.js';

const at = (ms: number): Instant => ({ wall: epochMs(ms), monotonic: monotonicMs(ms) });

/** Asked at 0 and answered. */
const answered = (stalenessMs: number, dice: number, proven = true): HeadSchedule => {
  const schedule = new HeadSchedule(() => dice, stalenessMs);
  schedule.asked(at(0));
  schedule.answered(at(0), proven);
  return schedule;
};

describe('The next ask for the head', () => {
  it('is due at once in the beginning', () => {
    expect(new HeadSchedule(() => 0, 10_000).isDue(at(-5))).toBe(true);
  });

  it.each([
    [10_000, 1, 2_000],
    [10_000, 0, 1_600],
    [3_600_000, 1, 60_000],
    [1, 1, 200],
  ])('comes five times within a bound of %d ms, with jitter that only shortens', (bound, dice, expected) => {
    expect(answered(bound, dice).nextAt(at(1))).toBe(expected);
  });

  it('comes soon after a head that proved nothing', () => {
    expect(answered(300_000, 1, false).nextAt(at(1))).toBe(1_000);
  });

  it('comes earlier for a tighter bound', () => {
    const schedule = answered(300_000, 1);
    schedule.tighten(5_000);
    expect(schedule.nextAt(at(1))).toBe(1_000);
  });

  it('comes early when something looks odd, but not right after the last', () => {
    const schedule = answered(300_000, 1);
    schedule.dueSoon(at(10), 0);
    expect(schedule.nextAt(at(10))).toBe(1_000);
    schedule.dueSoon(at(2_000), 0);
    expect(schedule.isDue(at(2_000))).toBe(true);
  });

  it('is not put off by the answer to an ask that was made before something looked odd', () => {
    const schedule = new HeadSchedule(() => 1, 300_000);
    schedule.asked(at(0));
    schedule.dueSoon(at(10), 0);
    schedule.answered(at(0), true);
    expect(schedule.nextAt(at(20))).toBe(1_000);
  });

  it('is not put off by the answer to an ask that was made before the next one became due at once', () => {
    const schedule = new HeadSchedule(() => 1, 300_000);
    schedule.asked(at(0));
    schedule.dueNow();
    schedule.answered(at(0), false);
    expect(schedule.isDue(at(20))).toBe(true);
    schedule.asked(at(20));
    schedule.answered(at(20), true);
    expect(schedule.nextAt(at(21))).toBe(60_020);
  });
});
