import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Ending, Timeline } from './timeline.js';

const aTime = fc.integer({ min: 0, max: 20 });

/** Beside a set that is searched from end to end. */
class World {
  readonly #all = new Set<Ending>();
  readonly #ended = new Set<Ending>();
  readonly #timeline = new Timeline<Ending>({
    ended: (item) => this.#ended.add(item),
    resumed: (item) => this.#ended.delete(item),
  });

  readonly add = (endsAt: number): boolean => {
    const item = { endsAt };
    this.#all.add(item);
    this.#timeline.add(item);
    return true;
  };

  readonly moveTo = (now: number): boolean => {
    this.#timeline.moveTo(now);
    return [...this.#all].every((item) => this.#ended.has(item) === item.endsAt <= now);
  };

  readonly take = (limit: number): boolean => {
    const first = Math.min(...[...this.#ended].map(({ endsAt }) => endsAt));
    const item = this.#timeline.takeEnded(limit);
    if (item !== undefined) {
      this.#all.delete(item);
      this.#ended.delete(item);
    }
    return item?.endsAt === (first <= limit ? first : undefined);
  };
}

const someActs = fc.array(fc.tuple(fc.constantFrom('add', 'moveTo', 'take'), aTime), { maxLength: 60 });

describe('a timeline', () => {
  it('tells what has ended at every reading of a clock that goes forth and back, and gives out the earliest first', () => {
    fc.assert(
      fc.property(someActs, (acts) => {
        const world = new World();
        expect(acts.every(([act, time]) => world[act](time))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
