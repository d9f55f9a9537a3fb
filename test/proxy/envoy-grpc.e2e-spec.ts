import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Server } from '@grpc/grpc-js';
import { createRevocationNode } from '@revocast/node';
import { extAuthz, type ExtAuthz } from '../../apps/gate/src/ext-authz-grpc.js';
import { createGrpcServer, listenGrpc, stopGrpc } from '../../apps/gate/src/grpc-server.js';
import { listening } from '../conformance/adapters/sockets.js';
import { bearer, CASES, play, type Case } from '../conformance/cases.js';
import { ask } from '../conformance/http.js';
import { World, type Adapter, type Running } from '../conformance/world.js';
import { startEnvoy, type RunningEnvoy } from './envoy.js';

/** The gate of the case that is being played; every case has one of its own, behind the one Envoy. */
let gate: { readonly check: ExtAuthz; readonly node: Running['node'] } | undefined;
const OUT = new Error('the gate is out');
let misconfigured: string[] = [];

/** An API that believes what Envoy tells it. */
let requests: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
const api = createServer(({ url, headers }, response) => {
  requests.push({ url, headers });
  response.end(JSON.stringify({ sub: headers['x-revocast-subject'], verdict: headers['x-revocast-verdict'] }));
});

let entrance: Server;
let envoy: RunningEnvoy;
beforeAll(async () => {
  entrance = createGrpcServer({
    node: { status: () => gate!.node.status() },
    check: (request) => gate?.check(request) ?? Promise.reject(OUT),
    onDefect: (error) => {
      if (error !== OUT) throw error;
    },
  });
  const address = await listenGrpc(entrance, '127.0.0.1', 0);
  envoy = await startEnvoy('revocast-grpc', Number(address.split(':')[1]), await listening(api));
});
afterAll(async () => {
  await envoy.stop();
  await stopGrpc(entrance);
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
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
    return { node, port: envoy.port, routes, close };
  },
};

const SERVED = ['bounded', 'strict', 'open'];
const isServed = ({ needs }: Case): boolean => needs === undefined || SERVED.includes(needs);

const get = (path: string, headers: readonly string[]) => ask({ port: envoy.port, path, headers });

let running: Running | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function aWorld(mode: 'strict' | 'bestEffort' = 'strict'): Promise<World> {
  const world = new World();
  world.openLog();
  const started = await adapter.start(world.options(mode));
  running = started;
  await world.time.until(() => started.node.status().state === 'current');
  return world;
}

describe('an API behind Envoy that asks the gate over gRPC', () => {
  it.each(CASES.filter(isServed))('$title', async (each) => {
    await expect(play(each, adapter)).resolves.toBeUndefined();
  });

  it('is told nothing that a client wrote under the names of the gate, on public routes too', async () => {
    const world = await aWorld();
    const forged = ['X-Revocast-Subject', 'root', 'X-Revocast-Client', 'admin', 'X-Revocast-Verdict', 'active'];
    const token = world.token({ sub: 'zoë%\u2028', client_id: undefined });
    await get('/me', [...forged, ...bearer(token)]);
    await get('/open', forged);
    const [me, open] = requests.map(({ headers }) => headers);
    expect(me).toMatchObject({ 'x-revocast-subject': 'zo%C3%AB%25%E2%80%A8', 'x-revocast-verdict': 'active' });
    expect(me?.['x-revocast-client'] ?? '').toBe('');
    for (const name of ['subject', 'client', 'verdict']) expect(open?.[`x-revocast-${name}`]).toBeUndefined();
  });

  it('is sent nothing while a policy in the configuration of Envoy is none', async () => {
    // 15,000 is looser than this node's own.
    const world = await aWorld();
    await running?.close();
    running = await adapter.start({ ...world.options('strict'), stalenessMsMax: 5_000 });
    for (let asked = 0; asked < 2; asked += 1) {
      const { status, body } = await get('/bounded', bearer(world.token()));
      expect([status, JSON.parse(body)]).toMatchObject([500, { code: 'ERR_CONFIG' }]);
      expect(body).not.toContain('15000');
    }
    expect(misconfigured).toEqual([expect.stringContaining('stalenessMsMax')]);
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
