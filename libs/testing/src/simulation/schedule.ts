import { brokenGuarantees, type GuaranteeName } from '../guarantees.js';
import { type History } from '../history.js';
import { SpinningError } from '../manual-time.js';
import { between, type Dice, pick, seededDice } from './dice.js';
import {
  boundFor,
  type Happening,
  HAPPENING_NAMES,
  type HappeningName,
  perform,
  planFor,
  SNAPSHOT_HAPPENING_NAMES,
} from './happenings.js';
import { SNAPSHOT_STORIES, STORIES, type StoryStep } from './stories.js';
import { SimulatedWorld, type WorldAlterations, type WorldSetup } from './simulated-world.js';

/** A run as data: how the world begins, and what happens in it. */
export interface RunSchedule {
  readonly setup: WorldSetup;
  readonly happenings: readonly Happening[];
}

/** Happenings of a run, unless told otherwise. */
export const STEPS_DEFAULT = 30;
/** In which everybody must recover once the faults are over: as long as the longest ask and pause, and a bound. Milliseconds. */
const SETTLE_MS = 25_000;

/** Without these nothing is to be seen. */
const ALWAYS: readonly HappeningName[] = ['revoke', 'revoke', 'revoke', 'burst'];
/** Where there are snapshots they are written, and nodes start. */
const WITH_SNAPSHOTS: readonly HappeningName[] = ['takeSnapshot', 'takeSnapshot', 'restartNode'];
/** Runs with snapshots; each service has a follower more to play then. */
const SNAPSHOTS_SHARE = 0.35;
/** Milliseconds; what lies between two happenings decides as much as what they are. */
const LONG_WAIT_MS = 7_000;

/**
 * What a seed stands for. Each run knows only some of the things that can happen: where everything happens all the time,
 * the one thing that would have shown a fault is undone by the next.
 */
export const scheduleOf = (seed: number, steps = STEPS_DEFAULT): RunSchedule => {
  const dice = seededDice(seed);
  const fleetBoundMs = boundFor(dice);
  const nodes = Array.from({ length: between(1, 3, dice) }, (_, at) => planFor(dice, fleetBoundMs, `node-${at + 1}`));
  const setup = { seed, fleetBoundMs, nodes, services: dice() < 0.7 ? 1 : 2, snapshots: dice() < SNAPSHOTS_SHARE };
  const share = 0.15 + 0.6 * dice();
  const known = [...ALWAYS, ...HAPPENING_NAMES.filter(() => dice() < share)];
  if (setup.snapshots) known.push(...WITH_SNAPSHOTS, ...SNAPSHOT_HAPPENING_NAMES.filter(() => dice() < share));
  const stories = setup.snapshots ? [...STORIES, ...SNAPSHOT_STORIES] : STORIES;
  const happenings: Happening[] = [];
  while (happenings.length < steps) {
    if (dice() < STORIES_SHARE) happenings.push(...toldBy(pick(stories, dice)(setup), dice));
    else happenings.push(aHappening(known, dice));
  }
  return { setup, happenings: aged(happenings, seed) };
};

const STORIES_SHARE = 0.06;

/** Runs in which the log keeps records for a time only. */
const AGES_SHARE = 0.2;
/** How often something is published again or ages out, of all that happens there. */
const AGING_SHARE = 0.25;

/** With dice of their own: the other runs stay what they are. */
const aged = (happenings: readonly Happening[], seed: number): readonly Happening[] => {
  const dice = seededDice((seed ^ 0x55555555) >>> 0);
  if (dice() >= AGES_SHARE) return happenings;
  return happenings.flatMap((happening) =>
    dice() < AGING_SHARE ? [aHappening(['ageLog'], dice), happening] : [happening],
  );
};

/** A story is told with one node and one service, and dice of its own for the rest. */
const toldBy = (story: readonly StoryStep[], dice: Dice): readonly Happening[] => {
  const who = between(0, 59, dice);
  return story.map(([name, waitMs, whom]) => ({
    ...{ do: name, who: whom ?? who, size: 0.5 + dice() / 2, seed: between(1, 2 ** 31, dice) },
    waitMs: between(waitMs, waitMs * 1.2, dice),
  }));
};

const aHappening = (known: readonly HappeningName[], dice: Dice): Happening => ({
  do: pick(known, dice),
  who: between(0, 59, dice),
  size: dice(),
  seed: between(1, 2 ** 31, dice),
  waitMs: aWait(dice),
});

const aWait = (dice: Dice): number => {
  const kind = dice();
  if (kind < 0.35) return 0;
  if (kind < 0.6) return between(1, 300, dice);
  return between(1, kind < 0.9 ? 2_000 : LONG_WAIT_MS, dice);
};

/** Plays it; the same schedule gives the same history, to the last entry. */
export const playSchedule = async (
  { setup, happenings }: RunSchedule,
  alterations: WorldAlterations = {},
): Promise<History> => {
  const world = new SimulatedWorld(setup, alterations);
  try {
    await play(world, happenings);
  } catch (error) {
    if (!(error instanceof SpinningError)) throw error;
    world.spins(error.message);
  }
  world.close();
  return world.history;
};

const play = async (world: SimulatedWorld, happenings: readonly Happening[]): Promise<void> => {
  await world.start();
  await world.advance(500);
  for (const happening of happenings) {
    perform(world, happening);
    world.observe();
    await world.advance(happening.waitMs);
  }
  await world.settle(SETTLE_MS);
};

export type Broken = Partial<Record<GuaranteeName, readonly string[]>>;

/** What a run broke; nothing when all is well. */
export const judgeRun = async (schedule: RunSchedule, alterations: WorldAlterations = {}): Promise<Broken> =>
  brokenGuarantees(await playSchedule(schedule, alterations));
