import { describe, expect, it } from '@jest/globals';
import { type ManualTime } from '@revocast/testing';
import fc from 'fast-check';
import { BOUND_MS, type DrivenView, FLEET_ACTS, FleetWorld } from '../test/fleet-world.js';
import { createFleetView, type FleetView } from './fleet.js';
import { sequence } from './units.js';

const aView = (clock: ManualTime, fleetBoundMs = BOUND_MS): FleetView =>
  createFleetView({ fleetBoundMs, expected: {}, clock });

/** On a machine that is busy with other things. */
const TIMEOUT_MS = 60_000;

const aStep = fc.record({
  act: fc.constantFrom(...FLEET_ACTS),
  which: fc.nat(3),
  ms: fc.constantFrom(0, 0, 1, 100, 1_000, 3_500, BOUND_MS + 1_000),
});

/** A life of a fleet with one publish in it. */
const aLife = fc.record({
  before: fc.array(aStep, { maxLength: 12 }),
  after: fc.array(aStep, { maxLength: 8 }),
});

type Life = typeof aLife extends fc.Arbitrary<infer Value> ? Value : never;
type Step = Life['after'][number];
const step = (act: Step['act'], parts: Partial<Step> = {}): Step => ({ act, which: 0, ms: 0, ...parts });

/** Long enough that the service knows all nodes. */
const known = step('start', { ms: BOUND_MS + 1_000 });
const cutSecond = step('cut', { which: 1 });

/** What is seldom met by chance: each time some node has a proof and not the record, and hardly anybody knows. */
const STORIES: [Life][] = [
  { before: [step('start'), step('cut'), step('restart'), step('start')], after: [step('spread')] },
  { before: [known, step('deafen'), step('start'), cutSecond, step('deafen')], after: [step('spread')] },
  { before: [known, step('start'), step('cut', { which: 1, ms: 3_500 })], after: [step('spread', { ms: 3_500 })] },
  { before: [known, step('prove'), step('rejoin'), step('cut')], after: [step('apply', { which: 1 })] },
  { before: [known, step('prove')], after: [step('reconnect')] },
].map((life) => [life]);

/** Whether, from the answer `enforced` on, no node ever let the revoked pass. */
const keepsItsWord =
  (makeView: (clock: ManualTime) => DrivenView) =>
  async ({ before, after }: Life): Promise<boolean> => {
    const world = new FleetWorld(makeView);
    for (const { act, which, ms } of before) {
      world.act(act, which);
      await world.pass(ms);
    }
    world.publish();
    let isEnforced = false;
    for (const { act, which, ms } of [...after, LAST]) {
      world.act(act, which);
      isEnforced ||= world.propagation()?.state === 'enforced';
      if (isEnforced && world.accepting().length > 0) return false;
      await world.pass(ms);
    }
    return true;
  };

const LAST = { act: 'prove', which: 0, ms: 0 } as const;

/** A good view with one thing changed about it. */
const altered =
  (change: (good: FleetView) => Partial<DrivenView>, fleetBoundMs = BOUND_MS) =>
  (clock: ManualTime): DrivenView => {
    const good = aView(clock, fleetBoundMs);
    return {
      heard: (heartbeat) => good.heard(heartbeat),
      listening: () => good.listening(),
      deaf: () => good.deaf(),
      propagation: (query) => good.propagation(query),
      ...change(good),
    };
  };

const MUTANTS: readonly (readonly [string, (clock: ManualTime) => DrivenView])[] = [
  [
    'believes from the start that it knows all nodes',
    altered((good) => ({
      listening: () => {
        good.listening();
        good.noneCurrentYet();
      },
    })),
  ],
  [
    'does not wait as long as the bound',
    altered((good) => ({ heard: (heartbeat) => good.heard({ ...heartbeat, stalenessMsMax: 1_000 }) }), 1_000),
  ],
  [
    'takes silent nodes for closed',
    altered((good) => ({
      propagation: (query) => {
        for (const { state, node, instance } of good.nodes()) if (state === 'silent') good.forget(node, instance);
        return good.propagation(query);
      },
    })),
  ],
  [
    'takes two processes of one node for one',
    altered((good) => ({ heard: (heartbeat) => good.heard({ ...heartbeat, instance: '' }) })),
  ],
  [
    'takes every heartbeat for an acknowledgement',
    altered((good) => ({ heard: (heartbeat) => good.heard({ ...heartbeat, watermark: sequence(1) }) })),
  ],
  ['does not notice that it was deaf', altered(() => ({ deaf: () => undefined }))],
];

describe('the word "enforced"', () => {
  it(
    'means that no node lets the revoked pass any more, whatever becomes of nodes and service',
    async () => {
      await fc.assert(fc.asyncProperty(aLife, keepsItsWord(aView)), { numRuns: 1500, examples: STORIES });
    },
    TIMEOUT_MS,
  );

  it.each(MUTANTS)(
    'is broken by a view that %s',
    async (_what, makeMutant) => {
      const found = await fc.check(fc.asyncProperty(aLife, keepsItsWord(makeMutant)), {
        numRuns: 5000,
        examples: STORIES,
        endOnFailure: true,
      });
      expect(found.failed).toBe(true);
    },
    TIMEOUT_MS,
  );
});
