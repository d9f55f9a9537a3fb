import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGateServer } from '../../apps/gate/src/gate-server.js';
import { gateAdapter } from '../conformance/adapters/gate-app.js';
import { listening } from '../conformance/adapters/sockets.js';
import { bearer, CASES, play, type Case } from '../conformance/cases.js';
import { ask } from '../conformance/http.js';
import { World, type Adapter, type Running } from '../conformance/world.js';
import { itKeepsHeadersApart } from './envoy-headers.js';
import { startEnvoy, type RunningEnvoy } from './envoy.js';

/** The gate of the case that is being played; every case has one of its own, behind the one Envoy. */
let gate: Server | undefined;
const entrance = createServer((request, response) => {
  if (gate === undefined) request.socket.destroy();
  else gate.emit('request', request, response);
});

/** An API that believes what Envoy tells it. */
let requests: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
const api = createServer(({ url, headers }, response) => {
  requests.push({ url, headers });
  response.end(JSON.stringify({ sub: headers['x-revocast-subject'], verdict: headers['x-revocast-verdict'] }));
});

let envoy: RunningEnvoy;
beforeAll(async () => {
  envoy = await startEnvoy('revocast', await listening(entrance), await listening(api));
});
afterAll(async () => {
  await envoy.stop();
  for (const server of [entrance, api]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
beforeEach(() => {
  requests = [];
});

const adapter: Adapter = {
  name: 'Envoy',
  start: async (options) => {
    const own = gateAdapter('gate', (parts) => (gate = createGateServer(parts)));
    const started = await own.start(options);
    const close = async (): Promise<void> => {
      gate = undefined;
      await started.close();
    };
    return { node: started.node, port: envoy.port, routes: { me: '/me', bounded: '', open: '/open' }, close };
  },
};

/** Envoy's HTTP service knows no policy of a route; and it makes one header of two, which the gate refuses in other words. */
const TWO_HEADERS = 'refuses two Authorization headers, whichever is the good one';
const isServed = ({ needs, title }: Case): boolean =>
  (needs === undefined || needs === 'open') && title !== TWO_HEADERS;

const get = (path: string, headers: readonly string[]) => ask({ port: envoy.port, path, headers });

let running: Running | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function aWorld(): Promise<World> {
  const world = new World();
  world.openLog();
  const started = await adapter.start(world.options('strict'));
  running = started;
  await world.time.until(() => started.node.status().state === 'current');
  return world;
}

describe('an API behind Envoy with ext_authz', () => {
  it.each(CASES.filter(isServed))('$title', async (each) => {
    await expect(play(each, adapter)).resolves.toBeUndefined();
  });

  itKeepsHeadersApart({ aWorld, get, requests: () => requests });

  it('takes no path for public that the API may read as another one', async () => {
    await aWorld();
    const paths = ['/open/../me', '/open/%2e%2e/me', '/open/..%2fme', '/open/..%5cme', '//open/..//me', '/openly'];
    const statuses = [];
    for (const path of paths) statuses.push((await get(path, [])).status);
    expect(statuses).toEqual([401, 401, 400, 400, 401, 401]);
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
