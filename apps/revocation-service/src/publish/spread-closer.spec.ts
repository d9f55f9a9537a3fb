import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ProvingRecord, provingRecord } from '../fleet/proving-record.js';
import { type JournaledRevocation } from '../journal/entries.js';
import { SpreadWorld, type Step, SUBJECTS } from '../../test/support/spread-world.js';

const either = fc.constantFrom(0, 1);
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 60 }).map((seconds): Step => ({ do: 'advance', seconds })) },
  { weight: 3, arbitrary: either.map((node): Step => ({ do: 'apply', node })) },
  ...(['close', 'take', 'restart', 'loseAck'] as const).map((what) => ({
    weight: what === 'close' || what === 'take' ? 2 : 1,
    arbitrary: either.map((instance): Step => ({ do: what, instance })),
  })),
);
const someSteps = fc.array(aStep, { minLength: 5, maxLength: 25 });

type Rule = (entry: JournaledRevocation) => ProvingRecord;

/** Plays the steps; false when some instance called enforced what some node did not refuse to everybody. */
async function isHonest(steps: readonly Step[], rule: Rule): Promise<boolean> {
  const world = new SpreadWorld();
  try {
    await world.begin();
    for (const step of steps) {
      await world.play(step);
      if (world.enforced(rule).includes(true) && world.letOff().length > 0) return false;
    }
    return true;
  } finally {
    world.dispose();
  }
}

describe('A spread revocation, with two instances and two nodes', () => {
  it('is called enforced by none of them while a node lets somebody off, by whatever clock', async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, (steps) => isHonest(steps, provingRecord)),
      { numRuns: 20 },
    );
  });

  it.each<[string, Rule]>([
    ['that every node has the record with the waves', ({ latest }) => ({ carrier: latest, proves: true })],
    [
      'that its own clock has passed the end',
      (entry) => ({ carrier: entry.first, proves: entry.conditionEndedAt !== undefined }),
    ],
  ])('would be called so too early by whoever goes by the fact %s', async (_, rule) => {
    const found = await fc.check(
      fc.asyncProperty(someSteps, (steps) => isHonest(steps, rule)),
      { numRuns: 300, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });

  it('ends for everybody once, whoever was restarted meanwhile and whatever answers were lost', async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, async (steps) => {
        const world = new SpreadWorld();
        try {
          await world.begin();
          expect(world.letOff()).toEqual(SUBJECTS);
          for (const step of steps) await world.play(step);
          await world.finish();
          expect([world.letOff(), world.enforced(provingRecord), world.endings]).toEqual([[], [true, true], 1]);
        } finally {
          world.dispose();
        }
      }),
      { numRuns: 20 },
    );
  });
});
