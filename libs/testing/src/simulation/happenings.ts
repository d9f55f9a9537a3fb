import { type Sequence } from '@revocast/core';
import { type InMemoryFaults } from '../in-memory-feed.js';
import { between, type Dice, pick, seededDice } from './dice.js';
import { type NodePlan, type SimulatedNode } from './simulated-node.js';
import { type SimulatedService } from './simulated-service.js';
import { type SimulatedWorld } from './simulated-world.js';

/** Something that happens in a world, as data: a list of them is a schedule, which can be shortened and played again. */
export interface Happening {
  readonly do: HappeningName;
  /** Which one it happens to, counted round. */
  readonly who: number;
  /** How much of it, in [0, 1). */
  readonly size: number;
  /** Of its own dice: what it does then does not depend on what else happens. */
  readonly seed: number;
  /** Time that passes afterwards. Milliseconds. */
  readonly waitMs: number;
}

/** Does it, and says what it did. */
type Act = (world: SimulatedWorld, happening: Happening) => string;

const scaled = (size: number, least: number, most: number): number => Math.floor(least + size * (most - least + 1));

/** Not one by number, but the one that came last. */
export const THE_LATEST = -1;

const nodeOf = ({ nodes }: SimulatedWorld, who: number): SimulatedNode => {
  const node = who === THE_LATEST ? nodes.at(-1) : nodes[who % nodes.length];
  if (node === undefined) throw new RangeError('a world without nodes');
  return node;
};

const serviceOf = ({ services }: SimulatedWorld, who: number): SimulatedService => {
  const service = services[who % services.length];
  if (service === undefined) throw new RangeError('a world without services');
  return service;
};

/** Whoever can take a command: the one that is asked first, else another. */
const workingService = (world: SimulatedWorld, who: number): SimulatedService => {
  const first = serviceOf(world, who);
  return first.process?.runs === true ? first : (world.services.find(({ process }) => process?.runs) ?? first);
};

/** Half the time all nodes, else one. */
const someNodes = (world: SimulatedWorld, { who, size }: Happening): readonly SimulatedNode[] =>
  size < 0.5 && who !== THE_LATEST ? world.nodes : [nodeOf(world, who)];

const namesOf = (nodes: readonly SimulatedNode[]): string => nodes.map(({ host }) => host).join(', ');

/** A feed that loses, doubles and delays, and a broker that is slow and often has no answer. */
const badFaults = (dice: Dice): InMemoryFaults => ({
  deliver: () => pick([[], [0], [0], [0, 30], [between(1, 1_500, dice)]], dice),
  hearTick: () => pick([[], [0], [between(1, 3_000, dice)]], dice),
  travelMs: () => between(0, 200, dice),
  refuses: () => dice() < 0.2,
});

/** Everything arrives, seconds late: what nodes hear looks regular and is old. */
const lateFaults = (dice: Dice): InMemoryFaults => ({
  deliver: () => [between(1_000, 4_000, dice)],
  travelMs: () => between(500, 2_000, dice),
});

/** The feed says nothing, and what is asked is answered when it is no longer true. */
const lateAnswers = (dice: Dice): InMemoryFaults => ({ ...SILENT_FEED, travelMs: () => between(1_000, 2_000, dice) });

/** Asks are answered at once, and the feed says nothing. */
const SILENT_FEED: InMemoryFaults = { deliver: () => [], hearTick: () => [] };

/** A leader that was cut off from its followers goes on answering as if its log were all there is. */
const leaderCutOff = (world: SimulatedWorld): InMemoryFaults => {
  const since = world.time.trueMs();
  const endsAt = world.broker.log?.last ?? (0 as Sequence);
  return { ...SILENT_FEED, endsAt: () => endsAt, quorumAgeMs: () => world.time.trueMs() - since };
};

const withFaults =
  (what: string, faultsOf: (world: SimulatedWorld, dice: Dice) => InMemoryFaults | undefined): Act =>
  (world, happening) => {
    const nodes = someNodes(world, happening);
    for (const node of nodes) node.faults = faultsOf(world, seededDice(happening.seed));
    return `${what}: ${namesOf(nodes)}`;
  };

const toNode =
  (what: string, act: (node: SimulatedNode) => void): Act =>
  (world, { who }) => {
    const node = nodeOf(world, who);
    act(node);
    return `${node.host} ${what}`;
  };

const toService =
  (what: string, act: (service: SimulatedService) => void): Act =>
  (world, { who }) => {
    const service = serviceOf(world, who);
    act(service);
    return `${service.name} ${what}`;
  };

/** Wakes from a halt: whoever asks then is answered before anything is read from a socket. */
const haltNode =
  (sleeps: boolean): Act =>
  (world, { who, size }) => {
    const node = nodeOf(world, who);
    const ms = scaled(size, 100, 15_000);
    node.running?.process.halt(ms, sleeps, () => world.observeNode(node, true));
    return `${node.host} ${sleeps ? 'sleeps' : 'is stopped'} for ${ms} ms`;
  };

const haltService =
  (sleeps: boolean): Act =>
  (world, { who, size }) => {
    const service = serviceOf(world, who);
    const ms = scaled(size, 100, 15_000);
    service.process?.halt(ms, sleeps, () => undefined);
    return `${service.name} ${sleeps ? 'sleeps' : 'is stopped'} for ${ms} ms`;
  };

/** Further than a sleep is long: a step back that exactly undoes a sleep leaves no trace in any clock. */
const stepMs = (size: number): number => {
  const ms = scaled(Math.abs(2 * size - 1), 60_000, 3_600_000);
  return size < 0.5 ? -ms : ms;
};

/** Milliseconds. */
const BOUNDS = [2_000, 3_000, 5_000];

export const planFor = (dice: Dice, fleetBoundMs: number, node: string): NodePlan => ({
  node,
  service: pick(['payments', 'orders'], dice),
  mode: dice() < 0.85 ? 'strict' : pick(['bestEffort', 'observe'], dice),
  guarded: dice() < 0.95,
  settings: dice() < 0.9 ? 'declared' : pick(['other', 'none'], dice),
  boundMs: Math.min(fleetBoundMs, dice() < 0.7 ? fleetBoundMs : pick(BOUNDS, dice)),
});

export const boundFor = (dice: Dice): number => pick(BOUNDS, dice);

const join: Act = (world, { seed }) => {
  const plan = planFor(seededDice(seed), world.fleetBoundMs, `node-${world.nodes.length + 1}`);
  const node = world.addNode(plan);
  node?.start();
  return node === undefined ? 'no room for another node' : `${node.host} joins as ${plan.node}, ${plan.mode}`;
};

/** Another process with the name of one that is there. */
const twin: Act = (world, { who }) => {
  const { plan } = nodeOf(world, who);
  const node = world.addNode(plan);
  node?.start();
  return node === undefined ? 'no room for a twin' : `${node.host} joins as a second ${plan.node}`;
};

const ACTS = {
  revoke: (world, { who }) => {
    world.revoke(workingService(world, who));
    return `a revocation, by ${workingService(world, who).name}`;
  },
  burst: (world, { who, size }) => {
    const times = scaled(size, 2, 6);
    // Concurrent publishers: the commands of a burst go round.
    for (let time = 0; time < times; time += 1) world.revoke(workingService(world, who + time));
    return `${times} revocations`;
  },
  lift: (world, { who, size }) => {
    // Mostly one of the newest: what is lifted at once may arrive before what it lifts.
    const id = size < 0.6 ? world.ids.at(-1 - Math.floor(size * 5)) : world.ids[Math.floor(size * world.ids.length)];
    if (id !== undefined) world.lift(workingService(world, who), id);
    return `a lift of ${id ?? 'nothing'}`;
  },
  badFeed: withFaults('a bad network', (_, dice) => badFaults(dice)),
  lateFeed: withFaults('a late network', (_, dice) => lateFaults(dice)),
  silentFeed: withFaults('a feed that loses all', () => SILENT_FEED),
  lateAnswers: withFaults('late answers and no feed', (_, dice) => lateAnswers(dice)),
  noAnswers: withFaults('a broker that answers nothing', () => ({ refuses: () => true })),
  leaderCutOff: withFaults('a leader without followers', leaderCutOff),
  goodFeed: withFaults('a good network', () => undefined),
  cutNode: toNode('is cut off', (node) => node.cut()),
  reconnectNode: toNode('is connected again', (node) => node.reconnect()),
  muteNode: toNode('is heard no more', (node) => (node.muted = true)),
  killNode: toNode('is killed', (node) => node.kill()),
  restartNode: toNode('starts again', (node) => {
    node.kill();
    node.start();
  }),
  startNode: toNode('starts, if it is down', (node) => node.start()),
  leaveNode: toNode('says goodbye', (node) => node.leave()),
  join,
  twin,
  stopNode: haltNode(false),
  suspendNode: haltNode(true),
  stepNode: (world, { who, size }) => {
    const node = nodeOf(world, who);
    node.running?.process.stepWall(stepMs(size));
    return `${node.host} has its clock set by ${stepMs(size)} ms`;
  },
  cutService: toService('is cut off', (service) => service.cut()),
  reconnectService: toService('is connected again', (service) => service.reconnect()),
  killService: toService('is killed', (service) => service.kill()),
  restartService: toService('starts again', (service) => {
    service.kill();
    service.start();
  }),
  startService: toService('starts, if it is down', (service) => service.start()),
  stopService: haltService(false),
  suspendService: haltService(true),
  stepService: (world, { who, size }) => {
    const service = serviceOf(world, who);
    service.process?.stepWall(stepMs(size));
    return `${service.name} has its clock set by ${stepMs(size)} ms`;
  },
  slowService: (world, { who, size }) => {
    const service = serviceOf(world, who);
    const ms = size < 0.4 ? 0 : scaled(size, 1, 2_000);
    service.link.latencyMs = () => ms;
    return `${service.name} is ${ms} ms away from the broker`;
  },
  rollBack: (world, { size }) => {
    const records = scaled(size, 1, 4);
    world.rollBack(records);
    return `a power loss takes ${records} records`;
  },
  wipeLog: (world) => {
    world.wipeLog();
    return 'somebody deletes the log';
  },
  recreateLog: (world) => {
    world.recreateLog();
    return 'somebody deletes the log and makes it again';
  },
  forge: (world, { size }) => {
    world.forge(size >= 0.5);
    return size >= 0.5 ? 'a forger writes into the log' : 'a forger sends records';
  },
  replay: (world, { who, size }) => {
    const movedBy = size < 0.4 ? 0 : Math.round((size - 0.7) * 20);
    world.replay(who, movedBy);
    return `an old record comes again, ${movedBy} sequences from its own`;
  },
} as const satisfies Readonly<Record<string, Act>>;

/** What happens to snapshots, in worlds that have them. */
const SNAPSHOT_ACTS = {
  takeSnapshot: (world, { who, size }) => {
    const service = workingService(world, who);
    const ms = size < 0.5 ? 0 : scaled(size, 1, 1_500);
    service.takeSnapshot(ms);
    return `${service.name} writes a snapshot, which takes ${ms} ms`;
  },
  corruptSnapshot: (world, { size, seed }) => {
    const parts = world.broker.snapshots[0]?.parts ?? [];
    const at = seed % Math.max(1, parts.length);
    // Torn, from another image, or with bits that turned.
    const other = world.broker.snapshots[1]?.parts[at];
    if (size < 0.3) parts[at] = (parts[at] ?? new Uint8Array()).slice(0, -4);
    else if (size < 0.5 && other !== undefined) parts[at] = other;
    else parts[at] = (parts[at] ?? new Uint8Array()).map((byte, place) => (place % 7 === 3 ? byte ^ 0x55 : byte));
    return `part ${at} of the snapshot is damaged`;
  },
  dropSnapshots: (world, { size }) => {
    const count = size < 0.5 ? 1 : 2;
    world.broker.dropSnapshots(count);
    return `the newest ${count} snapshots are gone`;
  },
  misfileSnapshots: (world) => {
    world.broker.misfilesSnapshots = !world.broker.misfilesSnapshots;
    return 'snapshots are given to whoever asks, or are so no more';
  },
} as const satisfies Readonly<Record<string, Act>>;

/** What happens to a log that keeps records for a time only, in worlds that have one. */
const AGE_ACTS = { ageLog: (world) => world.ageLog() } as const satisfies Readonly<Record<string, Act>>;

export type HappeningName = keyof typeof ACTS | keyof typeof SNAPSHOT_ACTS | keyof typeof AGE_ACTS;
export const HAPPENING_NAMES = Object.keys(ACTS) as HappeningName[];
export const SNAPSHOT_HAPPENING_NAMES = Object.keys(SNAPSHOT_ACTS) as HappeningName[];

const ALL_ACTS: Readonly<Record<HappeningName, Act>> = { ...ACTS, ...SNAPSHOT_ACTS, ...AGE_ACTS };

export const perform = (world: SimulatedWorld, happening: Happening): void => {
  const act = ALL_ACTS[happening.do];
  world.note(act(world, happening));
};
