import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BOUND_MS } from '../test/fleet-world.js';
import { OVERRIDE_ACTS, OverrideWorld, type OverrideAct, type OverrideRules } from '../test/override-world.js';
import { createFleetView } from './fleet.js';
import { epochMs } from './units.js';

interface Life {
  readonly hasApplied: boolean;
  readonly steps: readonly { readonly act: OverrideAct; readonly ms: number }[];
}

const aLife: fc.Arbitrary<Life> = fc.record({
  hasApplied: fc.boolean(),
  steps: fc.array(
    fc.record({ act: fc.constantFrom(...OVERRIDE_ACTS), ms: fc.constantFrom(0, 500, 2_000, 5_000, 9_500, 10_500) }),
    { maxLength: 10 },
  ),
});

const step = (act: OverrideAct, ms = 0): Life['steps'][number] => ({ act, ms });

/** A node that opens while its word is under way, while nobody hears it, and while it hears nobody. */
const STORIES: [Life][] = [
  [step('hold', 9_500), step('open', 10_500), step('flow')],
  [step('hold'), step('open', 10_500)],
  [step('hold', 2_000), step('drop'), step('open', 10_500), step('ask')],
  [step('hold', 500), step('open', 10_500), step('late', 500)],
  [step('hold', 500), step('deafen'), step('open', 10_500), step('late', 500)],
  [step('open', 10_500)],
  [step('open'), step('ask')],
  // Its last word is heard just before it may open.
  [step('open', 9_500), step('hold', 10_500)],
].flatMap((steps) => [[{ hasApplied: true, steps }], [{ hasApplied: false, steps }]] as [Life][]);

/** Whether the service ever said `enforced` while the node let the revoked pass. */
const keepsItsWord =
  (rules: OverrideRules) =>
  ({ hasApplied, steps }: Life): boolean => {
    const makeView = (clock: OverrideWorld['time']) => createFleetView({ fleetBoundMs: BOUND_MS, expected: {}, clock });
    const world: OverrideWorld = new OverrideWorld(makeView, hasApplied, rules);
    for (const { act, ms } of steps) {
      world.act(act);
      if (world.answer() === 'enforced' && world.isOpen) return false;
      for (let left = ms; left > 0; left -= 500) {
        world.pass(500);
        if (world.answer() === 'enforced' && world.isOpen) return false;
      }
    }
    return true;
  };

const MUTANTS: readonly (readonly [string, OverrideRules])[] = [
  ['a node that is weaker as soon as it says so', { apply: (overrides) => overrides.saidMode }],
  ['a node that says so only once it is weaker', { say: (overrides) => overrides.mode() }],
  [
    'a service that dates what it hears by when it hears it',
    { hear: (heartbeat, now) => ({ ...heartbeat, newestTick: epochMs(now) }) },
  ],
  [
    'a service that does not mind that a node may be overridden',
    { hear: ({ localFile: _localFile, ...heartbeat }) => heartbeat },
  ],
];

describe('the word "enforced" on a fleet whose nodes listen to local files', () => {
  it('is never said while a counted node is open, however heartbeats and ticks are delayed or lost', () => {
    fc.assert(fc.property(aLife, keepsItsWord({})), { numRuns: 150, examples: STORIES });
  });

  it('is said of a node with a local file, and again after an override has ended', () => {
    const world = new OverrideWorld(
      (clock) => createFleetView({ fleetBoundMs: BOUND_MS, expected: {}, clock }),
      true,
      {},
    );
    expect(world.answer()).toBe('enforced');
    world.act('open');
    expect(world.answer()).toBe('noNodes');
    world.act('close');
    expect(world.answer()).toBe('enforced');
  });

  it.each(MUTANTS)('is broken by %s', (_what, rules) => {
    const found = fc.check(fc.property(aLife, keepsItsWord(rules)), { numRuns: 300, examples: STORIES });
    expect(found.failed).toBe(true);
  });
});
