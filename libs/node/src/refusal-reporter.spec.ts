import { describe, expect, it } from '@jest/globals';
import { type RefusalReport } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { REFUSAL_REPEAT_MS, REFUSAL_REPORT_MS, RefusalReporter } from './refusal-reporter.js';

const identity = { service: 'payments', instance: 'i1' };

function aReporter() {
  const time = new ManualTime();
  const told: RefusalReport[] = [];
  const feed = { reportRefusals: (report: RefusalReport) => void told.push(report) };
  const reporter = new RefusalReporter({ ...identity, feed, clock: time, schedule: time.schedule });
  return { time, told, reporter };
}

describe('A node that tells what it refused', () => {
  it('says nothing and waits for nothing while it refuses nothing', () => {
    const { time, told } = aReporter();
    expect(time.pending).toBe(0);
    expect(told).toEqual([]);
  });

  it('gathers the refusals of some seconds into one report', async () => {
    const { time, told, reporter } = aReporter();
    for (let refused = 0; refused < 100; refused++) {
      reporter.note('r1');
      reporter.note('r2');
    }
    await time.advance(REFUSAL_REPORT_MS);
    const counts = ['r1', 'r2'].map((id, at) => expect.objectContaining({ id, run: at + 1, refused: 100 }));
    expect(told).toEqual([{ ...identity, counts, dropped: 0 }]);
  });

  it('repeats itself for a report that was lost, and is quick again after that', async () => {
    const { time, told, reporter } = aReporter();
    reporter.note('r1');
    await time.advance(REFUSAL_REPORT_MS + REFUSAL_REPEAT_MS);
    expect(told.map(({ counts }) => counts[0]?.refused)).toEqual([1, 1]);
    reporter.note('r1');
    await time.advance(REFUSAL_REPORT_MS);
    expect(told.map(({ counts }) => counts[0]?.refused)).toEqual([1, 1, 2]);
  });

  it('tells all that is left before it goes, and leaves no timer behind', () => {
    const { time, told, reporter } = aReporter();
    for (let at = 0; at < 300; at++) reporter.note(`r${at}`);
    reporter.close();
    reporter.note('later');
    expect(told.map(({ counts }) => counts.length)).toEqual([256, 44]);
    expect(time.pending).toBe(0);
  });

  it('counts nothing for a feed that does not tell', () => {
    const time = new ManualTime();
    const reporter = new RefusalReporter({ ...identity, feed: {}, clock: time, schedule: time.schedule });
    reporter.note('r1');
    expect(reporter.status()).toEqual({ ids: 0, dropped: 0 });
    expect(time.pending).toBe(0);
  });
});
