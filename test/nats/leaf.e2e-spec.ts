import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from '@revocast/testing';
import { ensureNatsServer } from '@revocast/testing/nats-launcher';

// The shipped files of a hub of three and a leaf, as they are but for their ports, on one machine: what must cross the
// line does, once and in order, and a leaf in wrong hands cannot write, change or delete anything at the hub.

const LOG = 'REVOCAST_LOG_e1';
const HUBS = [0, 1, 2];
const env = {
  NATS_SERVICE_PASSWORD: 'service-pw',
  NATS_API_NODE_PASSWORD: 'node-pw',
  NATS_COMMANDS_PASSWORD: 'commands-pw',
  NATS_LEAF_PASSWORD: 'leaf-pw',
  NATS_MIRRORS_PASSWORD: 'mirrors-pw',
  NATS_ROUTE_PASSWORD: 'route-pw',
};

interface Ports {
  readonly client: number;
  readonly cluster: number;
  readonly leaf: number;
}

let directory: string;
let hubs: readonly Ports[];
let west: Ports;
const children: ChildProcess[] = [];
const connections: NatsConnection[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const freePorts = async (): Promise<Ports> => ({
  client: await freePort(),
  cluster: await freePort(),
  leaf: await freePort(),
});

/** The shipped files, with free ports on loopback in place of those of a machine of its own. */
async function copyConfigs(name: string, { client, cluster, leaf }: Ports): Promise<string> {
  const to = await mkdtemp(join(directory, `${name}-`));
  const replaced: Readonly<Record<string, string>> = {
    'port: 4222': `listen: "127.0.0.1:${client}"`,
    'port: 6222': `listen: "127.0.0.1:${cluster}"`,
    'port: 7422': `listen: "127.0.0.1:${leaf}"`,
    'http: "127.0.0.1:8222"': 'http: "127.0.0.1:-1"',
  };
  for (const file of (await readdir('deploy/nats')).filter((one) => one.endsWith('.conf'))) {
    let text = await readFile(join('deploy/nats', file), 'utf8');
    for (const [from, into] of Object.entries(replaced)) text = text.replace(from, into);
    await writeFile(join(to, file), text);
  }
  return to;
}

async function startServer(name: string, config: string, more: Readonly<Record<string, string>>): Promise<void> {
  const { path } = await ensureNatsServer();
  const store = join(directory, `store-${name}`);
  const child = spawn(path, ['-c', config, '-l', join(directory, `${name}.log`)], {
    env: { ...process.env, ...env, NATS_SERVER_NAME: name, NATS_STORE_DIR: store, ...more },
    stdio: 'ignore',
  });
  children.push(child);
}

async function open(port: number, user: string, pass: string, role: string): Promise<NatsConnection> {
  const inboxPrefix = `_INBOX_revocast_${role}`;
  const connection = await connect({ servers: `127.0.0.1:${port}`, user, pass, inboxPrefix, waitOnFirstConnect: true });
  connections.push(connection);
  return connection;
}

const leafUrls = (): string => JSON.stringify(hubs.map(({ leaf }) => `nats-leaf://leaf:leaf-pw@127.0.0.1:${leaf}`));
const ask = async <T extends object>(from: NatsConnection, subject: string, body: object = {}): Promise<T> =>
  (await from.request(subject, JSON.stringify(body), { timeout: 3_000 })).json<T>();

interface StreamInfo {
  readonly state: { readonly last_seq: number; readonly messages: number };
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly unknown[] };
  readonly error?: { readonly description: string };
}

const createLog = (service: NatsConnection): Promise<StreamInfo> =>
  ask<StreamInfo>(service, `$JS.API.STREAM.CREATE.${LOG}`, {
    name: LOG,
    subjects: ['revocast.log.>'],
    ...{ storage: 'file', num_replicas: 3, retention: 'limits', discard: 'new', max_age: 86_400e9 },
    ...{ max_msgs: -1, max_bytes: -1, max_msg_size: -1, max_consumers: -1, duplicate_window: 120e9 },
    ...{ allow_direct: true, deny_delete: true, deny_purge: true },
    republish: { src: 'revocast.log.>', dest: 'revocast.live.>' },
  });

describe('The shipped configuration of a hub of three and a leaf', () => {
  let service: NatsConnection;
  let node: NatsConnection;
  const live: string[] = [];

  const publish = async (from: number, to: number): Promise<void> => {
    for (let n = from; n <= to; n++) await service.request('revocast.log.token', `record ${n}`, { timeout: 5_000 });
  };
  const expected = (to: number): string[] => Array.from({ length: to }, (_, n) => `${n + 1} record ${n + 1}`);
  const startMirrors = (): void => {
    const child = spawn(process.execPath, [resolve('deploy/nats/mirrors.mjs')], {
      env: {
        PATH: process.env['PATH'],
        NATS_URL: `nats://127.0.0.1:${west.client}`,
        NATS_PASSWORD: env.NATS_MIRRORS_PASSWORD,
        NATS_LEAF_DOMAIN: 'west',
      },
      stdio: 'ignore',
    });
    children.push(child);
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'revocast-leaf-'));
    hubs = await Promise.all(HUBS.map(freePorts));
    west = await freePorts();
    const routes = JSON.stringify(hubs.map(({ cluster }) => `nats://route:route-pw@127.0.0.1:${cluster}`));
    for (const [n, ports] of hubs.entries()) {
      await startServer(`hub-${n}`, join(await copyConfigs(`hub-${n}`, ports), 'hub.conf'), { NATS_ROUTES: routes });
    }
    const leaf = { NATS_LEAF_DOMAIN: 'west', NATS_HUB_URLS: leafUrls() };
    await startServer('leaf-west', join(await copyConfigs('leaf', west), 'leaf.conf'), leaf);
    service = await open(hubs[0]?.client ?? 0, 'service', env.NATS_SERVICE_PASSWORD, 'service');
    await eventually(
      async () => {
        const made = await createLog(service);
        if (made.error !== undefined) throw new Error(made.error.description);
      },
      { withinMs: 30_000 },
    );
    await publish(1, 20);
    node = await open(west.client, 'api-node', env.NATS_API_NODE_PASSWORD, 'node');
    node.subscribe('revocast.live.>', {
      callback: (_, message) => void live.push(`${message.headers?.last('Nats-Sequence') ?? ''} ${message.string()}`),
    });
    await node.flush();
    startMirrors();
  }, 120_000);

  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    for (const child of children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    await rm(directory, { recursive: true, force: true });
  });

  it('copies the log and republishes it at the leaf, each record once, in order, with its sequence', async () => {
    await eventually(() => expect(live).toHaveLength(20), { withinMs: 30_000 });
    await publish(21, 30);
    await eventually(() => expect(live).toHaveLength(30), { withinMs: 10_000 });
    expect(live).toEqual(expected(30));
  }, 60_000);

  it('lets a node of the region read the copy, and ask the hub for the head, its leader and its copies', async () => {
    const read = async (api: string): Promise<Msg> =>
      node.request(`${api}.DIRECT.GET.${LOG}`, JSON.stringify({ seq: 22 }), { timeout: 3_000 });
    for (const api of ['$JS.API', '$JS.hub.API']) expect((await read(api)).string()).toBe('record 22');
    const names = await ask<{ streams: string[] }>(node, '$JS.hub.API.STREAM.NAMES', { subject: 'revocast.log.>' });
    expect(names.streams).toEqual([LOG]);
    const { state, cluster } = await ask<StreamInfo>(node, `$JS.hub.API.STREAM.INFO.${LOG}`);
    expect(state.last_seq).toBe(30);
    expect(cluster?.leader).toMatch(/^hub-/);
    expect(cluster?.replicas).toHaveLength(2);
  }, 30_000);

  it('carries ticks to the region and heartbeats back', async () => {
    const [ticks, heartbeats]: [string[], string[]] = [[], []];
    node.subscribe('revocast.tick', { callback: (_, message) => void ticks.push(message.string()) });
    service.subscribe('revocast.node.*.*', { callback: (_, { subject }) => void heartbeats.push(subject) });
    await Promise.all([node.flush(), service.flush()]);
    // The interest has to cross the line first, and core messages before that are nobody's.
    await eventually(
      () => {
        service.publish('revocast.tick', 'tick');
        node.publish('revocast.node.api-node.instance-1', 'heartbeat');
        expect(ticks).toContain('tick');
        expect(heartbeats).toContain('revocast.node.api-node.instance-1');
      },
      { withinMs: 10_000 },
    );
  }, 30_000);

  it('denies a node of the region what it is denied at the hub', async () => {
    const denied = [
      'revocast.log.token',
      'revocast.live.token',
      'revocast.tick',
      'revocast.node.other.instance-1',
      `$JS.API.STREAM.DELETE.${LOG}`,
      `$JS.API.STREAM.PURGE.${LOG}`,
      `$JS.API.CONSUMER.CREATE.${LOG}`,
      `$JS.hub.API.STREAM.DELETE.${LOG}`,
      `$JS.hub.API.CONSUMER.CREATE.${LOG}`,
    ];
    for (const subject of denied) {
      await expect(node.request(subject, '{}', { timeout: 500 })).rejects.toThrow(/Permissions Violation/);
    }
  }, 30_000);

  it('gives whoever owns a leaf server no way to write, change or delete the log at the hub', async () => {
    const rogue = await freePorts();
    const file = join(directory, 'rogue.conf');
    await writeFile(
      file,
      `listen: "127.0.0.1:${rogue.client}"\nserver_name: rogue\nleafnodes { remotes: [ { urls: ${leafUrls()} } ] }\n`,
    );
    await startServer('rogue', file, {});
    const owner = await connect({ servers: `127.0.0.1:${rogue.client}`, waitOnFirstConnect: true });
    connections.push(owner);
    // The line stands once something comes through it.
    await eventually(() => ask(owner, `$JS.hub.API.STREAM.INFO.${LOG}`), { withinMs: 20_000 });
    owner.publish('revocast.log.token', 'forged');
    owner.publish('revocast.live.token', 'forged');
    owner.publish('revocast.tick', 'forged');
    owner.publish(`$JS.API.DIRECT.GET.${LOG}`, JSON.stringify({ seq: 1 }), { reply: 'revocast.log.token' });
    owner.publish(`$JS.hub.API.DIRECT.GET.${LOG}`, JSON.stringify({ seq: 1 }), { reply: 'revocast.log.token' });
    for (const verb of ['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.UPDATE', 'STREAM.MSG.DELETE', 'STREAM.SNAPSHOT']) {
      await expect(owner.request(`$JS.hub.API.${verb}.${LOG}`, '{}', { timeout: 500 })).rejects.toThrow();
    }
    // What it may do is to copy, by a consumer. One that delivers into the log would store its copies there.
    const config = { deliver_subject: 'revocast.log.token', deliver_policy: 'all', ack_policy: 'none' };
    const consumer = { stream_name: LOG, config };
    const made = await ask<StreamInfo>(owner, `$JS.hub.API.CONSUMER.CREATE.${LOG}`, consumer);
    expect(made.error?.description).toContain('cycle');
    const { state } = await ask<StreamInfo>(service, `$JS.API.STREAM.INFO.${LOG}`);
    expect(state).toMatchObject({ last_seq: 30, messages: 30 });
    expect(live).toEqual(expected(30));
  }, 60_000);

  it('catches up in order after the leaf was away, without help', async () => {
    const leaf = children[HUBS.length];
    if (leaf === undefined) throw new Error('there is no leaf');
    leaf.kill('SIGKILL');
    await once(leaf, 'exit');
    await publish(31, 60);
    const again = { NATS_LEAF_DOMAIN: 'west', NATS_HUB_URLS: leafUrls() };
    await startServer('leaf-west', join(await copyConfigs('leaf', west), 'leaf.conf'), again);
    await eventually(
      async () => {
        const { state } = await ask<StreamInfo>(node, `$JS.API.STREAM.INFO.${LOG}`);
        expect(state).toMatchObject({ last_seq: 60, messages: 60 });
      },
      { withinMs: 40_000 },
    );
    const read = await node.request(`$JS.API.DIRECT.GET.${LOG}`, JSON.stringify({ seq: 45 }), { timeout: 3_000 });
    expect(read.string()).toBe('record 45');
  }, 90_000);
});
