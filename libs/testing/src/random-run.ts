import { sequence } from '@revocast/core';
import { type InMemoryFaults } from './in-memory-feed.js';
import { FollowerWorld, type FollowerWorldOptions, type WorldNode } from './follower-world.js';
import { type History } from './guarantees.js';

export type Dice = () => number;

/** A small generator of repeatable randomness in [0, 1): mulberry32. */
export const seededDice = (seed: number): Dice => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export interface RandomRunOptions extends Partial<Pick<FollowerWorldOptions, 'alter' | 'boundMs' | 'nodes'>> {
  readonly seed: number;
  /** Things that happen, default 30. */
  readonly steps?: number;
}

/** Milliseconds of manual time in which every node must recover once the faults are over. */
const SETTLE_MS = 30_000;

/** Plays a run in which everything goes wrong that the in-memory broker can make go wrong; a seed repeats it exactly. */
export const playRandomRun = async (options: RandomRunOptions): Promise<History> => {
  const { seed, steps = 30, boundMs = 10_000, nodes = 2, ...rest } = options;
  const dice = seededDice(seed);
  const world = new FollowerWorld({ boundMs, nodes, prng: dice, ...rest });
  world.start();
  for (let step = 0; step < steps; step += 1) {
    const [, act] = pick(HAPPENINGS, dice);
    act(world, dice);
    world.observe();
    if (dice() < 0.7) await world.advance(between(1, 4_000, dice));
  }
  await world.settle(SETTLE_MS);
  await world.close();
  return world.history;
};

type Happening = (world: FollowerWorld, dice: Dice) => void;

const between = (least: number, most: number, dice: Dice): number => Math.floor(least + dice() * (most - least + 1));

const pick = <Item>(items: readonly Item[], dice: Dice): Item => {
  const item = items[Math.floor(dice() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
};

const aNode = ({ nodes }: FollowerWorld, dice: Dice): WorldNode => pick(nodes, dice);

/** A feed that loses, doubles and delays, and a broker that is slow and often has no answer. */
const badFaults = (dice: Dice): InMemoryFaults => ({
  deliver: () => pick([[], [0], [0], [0, 30], [between(1, 1_500, dice)]], dice),
  travelMs: () => between(0, 200, dice),
  refuses: () => dice() < 0.2,
});

/** Everything arrives, seconds late: what nodes hear looks regular and is old. */
const lateFaults = (dice: Dice): InMemoryFaults => ({
  deliver: () => [between(1_000, 4_000, dice)],
  travelMs: () => between(500, 2_000, dice),
});

const HAPPENINGS: readonly (readonly [string, Happening])[] = [
  ['a revocation', (world) => void world.revoke()],
  ['a burst', (world, dice) => repeat(between(2, 8, dice), () => world.revoke())],
  ['a lift', (world, dice) => world.ids.length > 0 && world.lift(pick(world.ids, dice))],
  ['bad luck', (world, dice) => (world.broker.faults = badFaults(dice))],
  ['a slow network', (world, dice) => (world.broker.faults = lateFaults(dice))],
  ['a leader without followers', (world) => (world.broker.faults = { quorumAgeMs: () => 5_000 })],
  ['no answers', (world) => (world.broker.faults = { refuses: () => true })],
  ['good luck', (world) => (world.broker.faults = {})],
  ['a cut', (world, dice) => aNode(world, dice).feed.disconnect()],
  ['a reconnect', (world, dice) => aNode(world, dice).feed.reconnect()],
  ['a power loss', (world, dice) => world.rollBack(between(1, 4, dice))],
  ['a new epoch', (world) => world.openEpoch()],
  ['a recreated log', (world) => world.recreateLog()],
  ['an old record again', (world, dice) => injectOld(world, dice)],
  ['a stopped process', (world, dice) => killAsTimeStops(world, () => world.time.stop(between(100, 30_000, dice)))],
  ['a sleeping machine', (world, dice) => killAsTimeStops(world, () => world.time.suspend(between(100, 30_000, dice)))],
  // Further than a sleep is long: a step back that exactly undoes a sleep leaves no trace in any clock.
  ['a clock set forward', (world, dice) => world.time.stepWall(between(60_000, 3_600_000, dice))],
  ['a clock set back', (world, dice) => world.time.stepWall(-between(60_000, 3_600_000, dice))],
];

const repeat = (times: number, act: () => unknown): void => {
  for (let time = 0; time < times; time += 1) act();
};

/** Under its own sequence or under another one, of a record that perhaps nobody has heard of: the signature does not cover it. */
const injectOld = (world: FollowerWorld, dice: Dice): void => {
  const log = world.broker.requiredLog();
  const record = pick(log.records(), dice);
  world.broker.inject(dice() < 0.5 ? record : { ...record, sequence: sequence(between(1, log.last + 2, dice)) });
};

/** The worst moment for a revocation: nobody hears of it before time has gone by. */
const killAsTimeStops = (world: FollowerWorld, stopTime: () => void): void => {
  world.revoke();
  stopTime();
};
