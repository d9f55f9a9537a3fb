import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRevocationNode } from '@revocast/node';
import { extAuthz, type ExtAuthz } from '../../apps/gate/src/ext-authz-grpc.js';
import { createGrpcServer, listenGrpc, stopGrpc } from '../../apps/gate/src/grpc-server.js';
import { listening } from '../conformance/adapters/sockets.js';
import { bearer, CASES, play, type Case } from '../conformance/cases.js';
import { ask } from '../conformance/http.js';
import { World, type Adapter, type Running } from '../conformance/world.js';
import { itKeepsHeadersApart } from './envoy-headers.js';
import { startEnvoy } from './envoy.js';

/** The gate of the case that is being played; every case has one of its own, behind the one Envoy. */
let gate: { readonly check: ExtAuthz; readonly node: Running['node'] } | undefined;
const OUT = new Error('the gate is out');
const raise = (error: unknown): never => {
  throw error;
};
let misconfigured: string[] = [];

/** An API that believes what Envoy tells it. */
let requests: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
const api = createServer(({ url, headers }, response) => {
  requests.push({ url, headers });
  response.end(JSON.stringify({ sub: headers['x-revocast-subject'], verdict: headers['x-revocast-verdict'] }));
});

const ends: (() => Promise<unknown>)[] = [];
let envoyPort: number;
beforeAll(async () => {
  const entrance = createGrpcServer({
    node: { status: () => raise(OUT) },
    check: (request) => gate?.check(request) ?? Promise.reject(OUT),
    onDefect: (error) => {
      if (error !== OUT) raise(error);
    },
  });
  const address = await listenGrpc(entrance, '127.0.0.1', 0);
  ends.push(() => stopGrpc(entrance));
  const apiPort = await listening(api);
  ends.push(() => new Promise((resolve) => api.close(resolve).closeAllConnections()));
  const envoy = await startEnvoy('revocast-grpc', Number(address.split(':')[1]), apiPort);
  ends.push(() => envoy.stop());
  envoyPort = envoy.port;
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});
beforeEach(() => {
  [requests, misconfigured] = [[], []];
});

const adapter: Adapter = {
  name: 'Envoy',
  start: async (options) => {
    const node = createRevocationNode(options);
    const onMisconfigured = ({ message }: Error): void => void misconfigured.push(message);
    gate = { node, check: extAuthz({ node, onMisconfigured }) };
    await node.start();
    const close = async (): Promise<void> => {
      gate = undefined;
      await node.close();
    };
    const routes = { me: '/me', bounded: '/bounded', strict: '/strict', open: '/open' };
    return { node, port: envoyPort, routes, close };
  },
};

const SERVED = ['bounded', 'strict', 'open'];
/** Envoy makes one header of two before it asks, which the gate refuses in other words. */
const TWO_HEADERS = 'refuses two Authorization headers, whichever is the good one';
const isServed = ({ needs, title }: Case): boolean =>
  (needs === undefined || SERVED.includes(needs)) && title !== TWO_HEADERS;

const get = (path: string, headers: readonly string[]) => ask({ port: envoyPort, path, headers });

let running: Running | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function aWorld(stalenessMsMax = 300_000): Promise<World> {
  const world = new World();
  world.openLog();
  const started = await adapter.start({ ...world.options('strict'), stalenessMsMax });
  running = started;
  await world.time.until(() => started.node.status().state === 'current');
  return world;
}

describe('an API behind Envoy that asks the gate over gRPC', () => {
  it.each(CASES.filter(isServed))('$title', async (each) => {
    await expect(play(each, adapter)).resolves.toBeUndefined();
  });

  itKeepsHeadersApart({ aWorld, get, requests: () => requests });

  it('is sent nothing while a policy in the configuration of Envoy is none', async () => {
    // The recipe's 15,000 is looser than this node's own.
    const world = await aWorld(5_000);
    for (let asked = 0; asked < 2; asked += 1) {
      const { status, body } = await get('/bounded', bearer(world.token()));
      expect([status, JSON.parse(body)]).toMatchObject([500, { code: 'ERR_CONFIG' }]);
      expect(body).not.toContain('15000');
    }
    expect(misconfigured).toEqual([expect.stringContaining('a policy can only tighten')]);
    expect(requests).toEqual([]);
  });

  it('answers 503 as the gate would while the gate is out', async () => {
    const world = await aWorld();
    gate = undefined;
    const { status, headers, body } = await get('/me', bearer(world.token()));
    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/problem+json' });
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'ERR_REVOCATION_UNKNOWN' });
    expect(requests).toEqual([]);
  });
});
