import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AHEAD_MAX } from './follower-limits.js';
import { LogProgress } from './log-progress.js';
import { sequence } from './units.js';

const markAll = (progress: LogProgress, sequences: Iterable<number>): void => {
  for (const at of sequences) progress.mark(sequence(at), false);
};

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

/** The definition, word for word. */
const highestWithoutAGap = (marked: ReadonlySet<number>): number => {
  let watermark = 0;
  while (marked.has(watermark + 1)) watermark += 1;
  return watermark;
};

describe('The watermark', () => {
  it('is the highest sequence at or below which nothing is missing, in whatever order records come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 80 }), (sequences) => {
        const progress = new LogProgress();
        markAll(progress, sequences);
        expect(progress.watermark).toBe(highestWithoutAGap(new Set(sequences)));
        expect(progress.target).toBe(Math.max(0, ...sequences));
      }),
    );
  });

  it('goes on from where the log begins when what was missing has aged out', () => {
    const progress = new LogProgress();
    markAll(progress, [1, 2, 10, 11]);
    progress.skipBefore(sequence(10));
    expect(progress.watermark).toBe(11);
    progress.skipBefore(sequence(3));
    expect(progress.watermark).toBe(11);
  });
});

describe('What is missing', () => {
  it('is read in ranges that together are everything below the target, each sequence once', () => {
    const marks = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 });
    fc.assert(
      fc.property(marks, fc.integer({ min: 1, max: 20 }), (sequences, length) => {
        const progress = new LogProgress();
        markAll(progress, sequences);
        progress.claim(sequence(60));
        const ranges = [];
        for (let next = progress.nextMissing([], length); next; next = progress.nextMissing(ranges, length)) {
          ranges.push(next);
        }
        const missing = ranges.flatMap(({ from, to }) => upTo(to - from + 1).map((at) => from + at - 1));
        expect(missing).toEqual(upTo(60).filter((at) => !sequences.includes(at)));
        expect(ranges.every(({ from, to }) => to - from < length)).toBe(true);
      }),
    );
  });

  it('includes what was applied too far ahead to be remembered', () => {
    const progress = new LogProgress();
    const far = sequence(AHEAD_MAX + 1);
    expect(progress.mark(far, false)).toBe(false);
    expect(progress.has(far)).toBe(false);
    markAll(progress, upTo(AHEAD_MAX));
    expect(progress.nextMissing([], 10)).toEqual({ from: far, to: far });
  });

  it('does not include what turned out not to be in the log', () => {
    const progress = new LogProgress();
    markAll(progress, [1, 2, 9]);
    progress.shrinkTo(sequence(4));
    expect(progress.nextMissing([], 10)).toEqual({ from: 3, to: 4 });
    expect(progress.has(sequence(9))).toBe(false);
    progress.shrinkTo(sequence(1));
    expect(progress.complete).toBe(true);
  });

  it('takes back what the live feed brought above a gap, and never what the log itself said or the watermark passed', () => {
    const progress = new LogProgress();
    progress.mark(sequence(1), false);
    progress.mark(sequence(3), false);
    progress.mark(sequence(4), true);
    expect([1, 3, 4, 5].map((at) => progress.unmark(sequence(at)))).toEqual([false, true, false, false]);
    progress.mark(sequence(2), true);
    expect(progress.watermark).toBe(2);
    expect(progress.nextMissing([], 10)).toEqual({ from: 3, to: 3 });
  });
});
