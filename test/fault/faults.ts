import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type TcpProxy, type TestNats } from '@revocast/testing';
import { Deployment } from '../../apps/revocation-service/test/support/settings.js';
import { AppProcess } from './app-process.js';
import { REPLICATED_FAULTS } from './cluster-faults.js';
import { logNameOf, recreateLog } from './control.js';
import { emptyDisk, fillDisk, mountSmallDisk, unmountSmallDisk, whyNoSmallDisk } from './full-disk.js';
import { type Fault } from './round.js';
import { type Stage } from './stage.js';

/** What lasts longer than the bound cannot be bridged by it: the node must say that it does not know. */
const overBound = ({ boundMs }: Stage): number => boundMs * 2 + 1_000;

const only = ({ broker }: Stage): TestNats => {
  const [server] = broker.servers;
  if (server === undefined) throw new Error('no server');
  return server;
};

/** The lines of the nodes that faults of a single node hit. */
const linesOf = ({ victims }: Stage): readonly TcpProxy[] => victims.flatMap(({ proxies }) => proxies);

const storeOf = (server: TestNats): string => join(server.storeDir, 'jetstream');

const copyOf = (server: TestNats): string => `${storeOf(server)}.copy`;

const keepCopy = async (stage: Stage): Promise<void> => {
  const server = only(stage);
  await server.stop();
  await cp(storeOf(server), copyOf(server), { recursive: true });
  await server.start();
  await stage.allCurrent();
};

const copyBack = async (server: TestNats): Promise<void> => {
  await server.stop();
  await rm(storeOf(server), { recursive: true });
  await cp(copyOf(server), storeOf(server), { recursive: true });
  await server.start();
};

/** Harms the log, and waits until the service has opened another one with everything in it. */
const untilAnotherLog = async (
  servers: readonly TestNats[],
  harm: (server: TestNats) => Promise<void>,
): Promise<void> => {
  const [server] = servers;
  if (server === undefined) throw new Error('no server');
  const before = await logNameOf(servers);
  await harm(server);
  await eventually(
    async () => {
      if ((await logNameOf(servers)) === before) throw new Error('the service has not opened a new epoch');
    },
    { withinMs: 60_000 },
  );
};

const DISK_BYTES = 8 << 20;

const NODE_FAULTS: readonly Fault[] = [
  {
    name: 'cut',
    says: 'the connection of one node is cut for twice the bound',
    broker: 'single',
    play: async (stage) => {
      for (const proxy of linesOf(stage)) proxy.cut();
      await stage.last(overBound(stage));
      for (const proxy of linesOf(stage)) proxy.heal();
    },
  },
  {
    name: 'half-open',
    says: 'the connection of one node leads nowhere for twice the bound, and neither end is told',
    broker: 'single',
    play: async (stage) => {
      for (const proxy of linesOf(stage)) proxy.swallow();
      await stage.last(overBound(stage));
      for (const proxy of linesOf(stage)) proxy.heal();
    },
  },
  {
    name: 'delayed-feed',
    says: 'all that one node is sent arrives 10 s late, for 14 s',
    broker: 'single',
    play: async (stage) => {
      for (const proxy of linesOf(stage)) proxy.delay(10_000);
      await stage.last(14_000);
      for (const proxy of linesOf(stage)) proxy.heal();
    },
  },
  {
    name: 'slow-reader',
    says: 'one node takes 2,000 bytes a second of what it is sent, for 12 s',
    broker: 'single',
    play: async (stage) => {
      for (const proxy of linesOf(stage)) proxy.throttle(2_000);
      await stage.last(12_000);
      for (const proxy of linesOf(stage)) proxy.heal();
    },
  },
  {
    name: 'stopped-node',
    says: 'SIGSTOP of a node process for twice the bound, with requests waiting for it',
    broker: 'single',
    play: async (stage) => {
      await stage.firstProcess.process.signal('SIGSTOP');
      await stage.last(overBound(stage));
      await stage.firstProcess.process.signal('SIGCONT');
    },
  },
  {
    name: 'killed-node',
    says: 'SIGKILL of a node process under load, started again at once, three times',
    broker: 'single',
    play: async ({ firstProcess }) => {
      for (let n = 0; n < 3; n++) {
        await firstProcess.process.signal('SIGKILL');
        firstProcess.process.start();
        await firstProcess.process.url;
      }
    },
  },
];

const SERVICE_FAULTS: readonly Fault[] = [
  {
    name: 'killed-service',
    says: 'SIGKILL of the service between commands and answers, started again at once, three times',
    broker: 'single',
    play: async (stage) => {
      for (let n = 0; n < 3; n++) {
        await stage.service.signal('SIGKILL');
        stage.service.start();
        await stage.service.url;
        await stage.last(1_500);
      }
    },
  },
  {
    name: 'stopped-service',
    says: 'SIGSTOP of the service for twice the bound',
    broker: 'single',
    play: async (stage) => {
      await stage.service.signal('SIGSTOP');
      await stage.last(overBound(stage));
      await stage.service.signal('SIGCONT');
    },
  },
  {
    name: 'cut-service',
    says: 'the connection of the service is cut for twice the bound; nodes keep theirs',
    broker: 'single',
    play: async (stage) => {
      for (const proxy of stage.serviceLine.proxies) proxy.cut();
      await stage.last(overBound(stage));
      for (const proxy of stage.serviceLine.proxies) proxy.heal();
    },
  },
  {
    name: 'two-services',
    says: 'a second service with a journal of its own, on the same namespace and keys, for twice the bound',
    broker: 'single',
    play: async (stage) => {
      const other = new Deployment();
      const second = new AppProcess('revocation-service', {
        ...stage.environment,
        NATS_URL: only(stage).url,
        REVOCAST_DATA_DIR: other.dataDirectory,
      });
      second.start();
      await second.url;
      await stage.last(overBound(stage));
      await second.signal('SIGKILL');
      await rm(other.dataDirectory, { recursive: true, force: true });
    },
  },
];

const BROKER_FAULTS: readonly Fault[] = [
  {
    name: 'killed',
    says: 'SIGKILL of the server, started again after the bound',
    broker: 'single',
    play: async (stage) => {
      await only(stage).kill();
      await stage.last(stage.boundMs + 500);
      await only(stage).start();
    },
  },
  {
    name: 'restarted',
    says: 'orderly restart of the server, three times',
    broker: 'single',
    play: async (stage) => {
      for (let n = 0; n < 3; n++) {
        await only(stage).restart();
        await stage.last(1_000);
      }
    },
  },
  {
    name: 'stopped',
    says: 'SIGSTOP of the server for twice the bound: connections stay open and nothing answers',
    broker: 'single',
    play: async (stage) => {
      await only(stage).pause();
      await stage.last(overBound(stage));
      await only(stage).resume();
    },
  },
  {
    name: 'wiped',
    says: 'the server loses its whole store and starts empty',
    broker: 'single',
    play: ({ broker }) =>
      untilAnotherLog(broker.servers, async (server) => {
        await server.wipe();
        await server.start();
      }),
  },
  {
    name: 'recreated',
    says: 'the log is deleted and made again under its name, empty',
    broker: 'single',
    play: ({ broker }) => untilAnotherLog(broker.servers, () => recreateLog(broker.servers)),
  },
  {
    name: 'rolled-back',
    says: 'the store is copied back from some seconds ago',
    broker: 'single',
    prepare: keepCopy,
    play: async (stage) => {
      await stage.last(stage.boundMs);
      await untilAnotherLog(stage.broker.servers, copyBack);
    },
  },
  {
    name: 'rolled-back-unseen',
    says: 'the same, while a node is cut off that never saw what is lost',
    limit:
      'a node that never saw what was lost waits 6 s for the service to say how far the log must go; while the service is down, it takes the log that came back for whole, until 2 s after the service is there again',
    broker: 'single',
    prepare: keepCopy,
    play: async (stage) => {
      for (const proxy of linesOf(stage)) proxy.cut();
      await stage.last(stage.boundMs);
      await untilAnotherLog(stage.broker.servers, async (server) => {
        await copyBack(server);
        for (const proxy of linesOf(stage)) proxy.heal();
      });
    },
  },
  {
    name: 'full-disk',
    says: 'the disk of the server is full for twice the bound, then it has room again',
    broker: 'single',
    impossible: whyNoSmallDisk,
    prepare: async (stage) => {
      const server = only(stage);
      await server.stop();
      await cp(storeOf(server), copyOf(server), { recursive: true });
      await mountSmallDisk(storeOf(server), DISK_BYTES);
      stage.keep({ close: () => server.stop().then(() => unmountSmallDisk(storeOf(server))) });
      await cp(copyOf(server), storeOf(server), { recursive: true });
      await server.start();
      await stage.allCurrent();
    },
    play: async (stage) => {
      const store = storeOf(only(stage));
      await fillDisk(store);
      await stage.last(overBound(stage));
      await emptyDisk(store);
    },
  },
];

export const FAULTS: readonly Fault[] = [...NODE_FAULTS, ...SERVICE_FAULTS, ...BROKER_FAULTS, ...REPLICATED_FAULTS];
