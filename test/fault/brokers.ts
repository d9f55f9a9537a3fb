import { freePort, startTestNats, TcpProxy, type TestNats } from '@revocast/testing';

/** The way of one client to the broker: its own, so that it can be spoilt alone. */
export interface Line {
  /** For NATS_URL. */
  readonly servers: readonly string[];
  /** One for each server, in the order of the servers. */
  readonly proxies: readonly TcpProxy[];
}

/** The servers of a round. */
export interface Broker {
  /** Those that keep the log. */
  readonly servers: readonly TestNats[];
  readonly leaf?: TestNats;
  readonly replicas: number;
  serviceLine(): Promise<Line>;
  nodeLine(): Promise<Line>;
  /** Cuts a server off from its peers, and only from them. */
  readonly isolate: (server: TestNats) => void;
  /** Cuts the leaf off from its hub. */
  cutLeaf(): void;
  heal(): void;
  dispose(): Promise<void>;
}

const lineTo = async (servers: readonly TestNats[]): Promise<Line> => {
  const proxies = await Promise.all(servers.map(({ port }) => TcpProxy.start(port)));
  return { servers: proxies.map(({ url }) => url), proxies };
};

const nothing = (): void => undefined;

export const startSingle = async (): Promise<Broker> => {
  const server = await startTestNats();
  const line = (): Promise<Line> => lineTo([server]);
  return {
    ...{ servers: [server], replicas: 1, serviceLine: line, nodeLine: line },
    ...{ isolate: nothing, cutLeaf: nothing, heal: nothing },
    dispose: () => server.dispose(),
  };
};

const MEMBERS = [0, 1, 2] as const;

interface Hub {
  readonly servers: readonly TestNats[];
  /** Where leaves dial in, one for each server. */
  readonly leafPorts: readonly number[];
  readonly isolate: (server: TestNats) => void;
  heal(): void;
  dispose(): Promise<void>;
}

/** Three servers, each of which dials the others through lines of its own: any of them can be cut off while it lives on. */
const startHub = async (): Promise<Hub> => {
  const clusterPorts = await Promise.all(MEMBERS.map(freePort));
  const leafPorts = await Promise.all(MEMBERS.map(freePort));
  const routes = await Promise.all(
    MEMBERS.map((from) => Promise.all(MEMBERS.filter((to) => to !== from).map((to) => routeTo(to, clusterPorts)))),
  );
  const servers = await Promise.all(
    MEMBERS.map((n) => {
      const peers = (routes[n] ?? []).map(({ proxy }) => `"nats-route://127.0.0.1:${proxy.port}"`).join(', ');
      return startTestNats({
        domain: 'hub',
        config: `server_name: hub-${n}
          # Advertised is a port where nobody listens: a server that is told of another must not find a way around its lines.
          cluster { name: hub, listen: "127.0.0.1:${clusterPorts[n] ?? 0}", advertise: "127.0.0.1:1", no_advertise: true, routes: [ ${peers} ] }
          leafnodes { listen: "127.0.0.1:${leafPorts[n] ?? 0}", no_advertise: true }`,
      });
    }),
  );
  const all = routes.flatMap((row, from) => row.map((route) => ({ ...route, from })));
  return {
    ...{ servers, leafPorts },
    isolate: (server) => {
      const n = servers.indexOf(server);
      for (const { from, to, proxy } of all) if (from === n || to === n) proxy.cut();
    },
    heal: () => all.forEach(({ proxy }) => proxy.heal()),
    dispose: async () => {
      await Promise.all(servers.map((server) => server.dispose()));
      await Promise.all(all.map(({ proxy }) => proxy.close()));
    },
  };
};

const routeTo = async (to: number, ports: readonly number[]): Promise<{ to: number; proxy: TcpProxy }> => ({
  to,
  proxy: await TcpProxy.start(ports[to] ?? 0),
});

/** Three copies of the log on three servers. */
export const startCluster = async (): Promise<Broker> => {
  const hub = await startHub();
  const line = (): Promise<Line> => lineTo(hub.servers);
  return { ...hub, replicas: 3, serviceLine: line, nodeLine: line, cutLeaf: nothing };
};

/** The same with a leaf, at which the nodes are. */
export const startLeafRegion = async (): Promise<Broker> => {
  const hub = await startHub();
  const dials = await Promise.all(hub.leafPorts.map((port) => TcpProxy.start(port)));
  const urls = dials.map(({ port }) => `"nats-leaf://127.0.0.1:${port}"`).join(', ');
  const leaf = await startTestNats({
    domain: 'leaf',
    // The leaf tells its nodes what its own copy stored; the hub's live feed would tell them the same once more.
    config: `server_name: leaf
      leafnodes { reconnect: "1s", remotes: [ { urls: [ ${urls} ], deny_imports: [ "revocast.live.>" ], deny_exports: [ "revocast.live.>" ] } ] }`,
  });
  return {
    ...{ servers: hub.servers, leaf, replicas: 3, isolate: hub.isolate },
    ...{ serviceLine: () => lineTo(hub.servers), nodeLine: () => lineTo([leaf]) },
    cutLeaf: () => dials.forEach((dial) => dial.cut()),
    heal: () => {
      hub.heal();
      dials.forEach((dial) => dial.heal());
    },
    dispose: async () => {
      await leaf.dispose();
      await hub.dispose();
      await Promise.all(dials.map((dial) => dial.close()));
    },
  };
};
