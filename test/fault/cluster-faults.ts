import { type TestNats } from '@revocast/testing';
import { leaderOf, recreateLog } from './control.js';
import { type Fault } from './round.js';
import { type Stage } from './stage.js';

/** Cuts or heals everybody's line to one server. Nodes that were given the server itself keep it. */
const linesTo = ({ broker, followers, serviceLine }: Stage, server: TestNats, change: 'cut' | 'heal'): void => {
  const n = broker.servers.indexOf(server);
  const lines = [serviceLine.proxies, ...followers.map((node) => node.proxies)];
  // Nodes at a leaf have one line, to the leaf.
  for (const proxies of lines) if (proxies.length === broker.servers.length) proxies[n]?.[change]();
};

const CLUSTER_FAULTS: readonly Fault[] = [
  {
    name: 'leader-lost',
    says: 'three servers: SIGKILL of the one that leads the log, started again after twice the bound',
    broker: 'cluster',
    play: async (stage) => {
      const leader = await leaderOf(stage.broker.servers);
      await leader.kill();
      await stage.last(stage.boundMs * 2);
      await leader.start();
    },
  },
  {
    name: 'leader-cut-off',
    says: 'three servers: the one that leads the log is cut off from the others together with a node, for 15 s',
    broker: 'cluster',
    // A process would find another server by itself, or none at all, as chance will have it.
    processes: 0,
    prepare: async (stage) => {
      const leader = await leaderOf(stage.broker.servers);
      await stage.addFollower('beside-the-leader', [leader.url]);
      const { mutant } = stage.options;
      if (mutant !== undefined) await stage.addMutant({ ...mutant, name: `${mutant.name}-beside-it` }, [leader.url]);
      await stage.allCurrent();
    },
    play: async (stage) => {
      const leader = await leaderOf(stage.broker.servers);
      stage.broker.isolate(leader);
      linesTo(stage, leader, 'cut');
      await stage.last(15_000);
      stage.broker.heal();
      linesTo(stage, leader, 'heal');
    },
  },
];

const LEAF_FAULTS: readonly Fault[] = [
  {
    name: 'leaf-cut',
    says: 'nodes at a leaf: the leaf is cut off from its hub for twice the bound',
    broker: 'leaf',
    play: async (stage) => {
      stage.broker.cutLeaf();
      await stage.last(stage.boundMs * 2 + 1_000);
      stage.broker.heal();
    },
  },
  {
    name: 'leaf-leader-lost',
    says: 'nodes at a leaf: SIGKILL of the server that leads the log at the hub, started again after twice the bound',
    broker: 'leaf',
    play: async (stage) => {
      const leader = await leaderOf(stage.broker.servers);
      await leader.kill();
      await stage.last(stage.boundMs * 2);
      await leader.start();
    },
  },
  {
    name: 'leaf-wiped',
    says: 'nodes at a leaf: the leaf loses its whole store, with the copy of the log, and starts empty',
    broker: 'leaf',
    play: async ({ broker }) => {
      await broker.leaf?.wipe();
      await broker.leaf?.start();
    },
  },
  {
    name: 'leaf-recreated',
    says: 'nodes at a leaf: the hub’s log is made again under its name, and the copy at the leaf goes on with the old one',
    broker: 'leaf',
    play: ({ broker }) => recreateLog(broker.servers),
  },
];

export const REPLICATED_FAULTS: readonly Fault[] = [...CLUSTER_FAULTS, ...LEAF_FAULTS];
