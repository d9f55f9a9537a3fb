import { describe, expect, it } from '@jest/globals';
import { epochMs, LOCAL_ID_PREFIX, type RefusalCount } from '@revocast/core';
import fc from 'fast-check';
import { REFUSAL_IDS_MAX, RefusalCounts, REFUSALS_PER_REPORT_MAX } from './refusal-counts.js';

const NOW = epochMs(1_700_000_000_000);
const idOf = (at: number): string => at.toString(16).padStart(32, '0');

/** How whoever hears the reports adds up: the largest of each run. */
const sumOf = (reports: readonly RefusalCount[]): number => {
  const largest = new Map<string, number>();
  for (const { id, run, refused } of reports) {
    largest.set(`${id} ${run}`, Math.max(refused, largest.get(`${id} ${run}`) ?? 0));
  }
  return [...largest.values()].reduce((sum, refused) => sum + refused, 0);
};

/** More revocations than a node has room for, in an order that drops each more than once; told now and then. */
const steps = fc.array(
  fc.record({ from: fc.nat(400), times: fc.integer({ min: 1, max: 3 }), tells: fc.boolean(), repeats: fc.boolean() }),
  { minLength: 12, maxLength: 24 },
);

/** What is wrong with these counts, or undefined. */
function judge(make: () => RefusalCounts): string | undefined {
  const law = fc.property(steps, (all) => {
    const counts = make();
    const told: RefusalCount[] = [];
    let refused = 0;
    const tell = (): void => {
      const report = counts.take();
      expect(report.length).toBeLessThanOrEqual(REFUSALS_PER_REPORT_MAX);
      told.push(...report);
    };
    for (const { from, times, tells, repeats } of all) {
      for (let at = from; at < from + 400 * times; at++, refused++) counts.note(idOf(at), NOW);
      if (repeats) counts.repeat();
      if (tells) tell();
      expect(counts.status().ids).toBeLessThanOrEqual(REFUSAL_IDS_MAX);
    }
    while (counts.hasDue) tell();
    expect(sumOf(told) + counts.status().dropped).toBe(refused);
  });
  const { failed, counterexample } = fc.check(law, { numRuns: 20, endOnFailure: true });
  return failed ? JSON.stringify(counterexample) : undefined;
}

class Deltas extends RefusalCounts {
  readonly #told = new Map<string, number>();
  override take(): readonly RefusalCount[] {
    return super.take().map((count) => {
      const name = `${count.id} ${count.run}`;
      const before = this.#told.get(name) ?? 0;
      this.#told.set(name, count.refused);
      return { ...count, refused: count.refused - before };
    });
  }
}

class OneRun extends RefusalCounts {
  override take(): readonly RefusalCount[] {
    return super.take().map((count) => ({ ...count, run: 1 }));
  }
}

class Silent extends RefusalCounts {
  override status(): ReturnType<RefusalCounts['status']> {
    return { ...super.status(), dropped: 0 };
  }
}

class Noting extends RefusalCounts {
  last: object = {};
  override note(id: string, now: ReturnType<typeof epochMs>): void {
    super.note(id, now);
    this.last = { id, now, text: [id, now] };
  }
}

/** The median of what the heap grew by in some rounds: a collection in one of them shows as one that is far off. */
function heapGrowth(counts: RefusalCounts, times: number): number {
  const id = idOf(1);
  const round = (): number => {
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < times; at++) counts.note(id, NOW);
    return process.memoryUsage().heapUsed - before;
  };
  for (let warmUp = 0; warmUp < 5; warmUp++) round();
  const grown = Array.from({ length: 9 }, round).sort((a, b) => a - b);
  return grown[4] ?? Infinity;
}

describe('What a node counts of its refusals', () => {
  it('adds up to what it refused, but for what it says it dropped', () => {
    expect(judge(() => new RefusalCounts())).toBeUndefined();
  });

  it.each<[string, () => RefusalCounts]>([
    ['tells what is new instead of what is so far', () => new Deltas()],
    ['begins anew under the same run', () => new OneRun()],
    ['drops in silence', () => new Silent()],
  ])('is seen through when it %s', (_, make) => {
    expect(judge(make)).toBeDefined();
  });

  it('says when it refused last', () => {
    const counts = new RefusalCounts();
    counts.note(idOf(1), NOW);
    counts.note(idOf(1), epochMs(NOW + 5));
    expect(counts.take()).toEqual([{ id: idOf(1), run: 1, refused: 2, lastAt: NOW + 5 }]);
    expect(counts.take()).toEqual([]);
  });

  it('keeps what a local file revoked to itself', () => {
    const counts = new RefusalCounts();
    counts.note(`${LOCAL_ID_PREFIX}${idOf(1)}`, NOW);
    expect(counts.status()).toEqual({ ids: 0, dropped: 0 });
  });

  it('allocates nothing for a revocation that it counts already', () => {
    const times = 20_000;
    // Eight bytes a refusal would be the smallest object there is.
    expect(heapGrowth(new RefusalCounts(), times)).toBeLessThan(4 * times);
    expect(heapGrowth(new Noting(), times)).toBeGreaterThan(4 * times);
  });
});
