import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type RevocationNodeOptions } from '@revocast/node';
import { gateAdapter } from '../conformance/adapters/gate-app.js';
import { listening } from '../conformance/adapters/sockets.js';
import { bearer, CASES, play } from '../conformance/cases.js';
import { ask } from '../conformance/http.js';
import { World, type Adapter, type Running } from '../conformance/world.js';
import { startNginx } from './nginx.js';

interface Behind extends Running {
  readonly closeGate: () => Promise<unknown>;
  /** What the API behind was sent, latest last. */
  readonly requests: readonly IncomingHttpHeaders[];
}

/** An API that believes what nginx tells it, behind the real server with our recipe, beside the gate. */
async function start(options: RevocationNodeOptions): Promise<Behind> {
  const gate = await gateAdapter('gate').start(options);
  const requests: IncomingHttpHeaders[] = [];
  const api = createServer(({ headers }, response) => {
    requests.push(headers);
    response.end(JSON.stringify({ sub: headers['x-revocast-subject'], verdict: headers['x-revocast-verdict'] }));
  });
  const nginx = await startNginx(gate.port, await listening(api));
  let gateClosed: Promise<unknown> | undefined;
  const closeGate = (): Promise<unknown> => (gateClosed ??= gate.close());
  const close = async (): Promise<void> => {
    await nginx.stop();
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
    await closeGate();
  };
  const routes = { me: '/me', bounded: '/bounded', open: '/open' };
  return { node: gate.node, port: nginx.port, routes, requests, closeGate, close };
}

const adapter: Adapter = { name: 'nginx', start };
const SERVED = ['bounded', 'open'];
/** Of two Authorization headers nginx itself says that the request is bad, before it asks anybody. */
const TWO_HEADERS = 'refuses two Authorization headers, whichever is the good one';

let behind: Behind | undefined;
afterEach(async () => {
  await behind?.close();
  behind = undefined;
});

async function aRunningNginx() {
  const world = new World();
  world.openLog();
  const started = await start(world.options('strict'));
  behind = started;
  await world.time.until(() => started.node.status().state === 'current');
  return { world, ...started };
}

describe('an API behind nginx with auth_request', () => {
  const due = CASES.filter(
    ({ needs, title }) => (needs === undefined || SERVED.includes(needs)) && title !== TWO_HEADERS,
  );
  it.each(due)('$title', async (each) => {
    await expect(play(each, adapter)).resolves.toBeUndefined();
  });

  it('refuses two Authorization headers by itself', async () => {
    const { world, port, requests } = await aRunningNginx();
    const good = bearer(world.token());
    for (const headers of [
      [...good, 'Authorization', 'Bearer x'],
      ['Authorization', 'Bearer x', ...good],
    ]) {
      expect((await ask({ port, path: '/me', headers })).status).toBe(400);
    }
    expect(requests).toEqual([]);
  });

  it('is told nothing that a client wrote under the names of the gate, on public routes too', async () => {
    const { world, port, requests } = await aRunningNginx();
    const forged = ['X-Revocast-Subject', 'root', 'X-Revocast-Client', 'admin', 'X-Revocast-Verdict', 'active'];
    const token = world.token({ sub: 'zoë%\u2028', client_id: undefined });
    await ask({ port, path: '/me', headers: [...forged, ...bearer(token)] });
    await ask({ port, path: '/open', headers: forged });
    expect(requests[0]).toMatchObject({ 'x-revocast-subject': 'zo%C3%AB%25%E2%80%A8', 'x-revocast-verdict': 'active' });
    expect(requests[0]?.['x-revocast-client']).toBeUndefined();
    for (const name of ['subject', 'client', 'verdict']) expect(requests[1]?.[`x-revocast-${name}`]).toBeUndefined();
  });

  it('lets nobody reach the gate, nor pass while the gate is out', async () => {
    const { world, port, requests, closeGate } = await aRunningNginx();
    const headers = bearer(world.token());
    const paths = ['/_revocast/auth', '/_revocast/auth?mode=observe', '/_revocast/bounded'];
    for (const path of paths) expect((await ask({ port, path, headers })).status).toBe(404);
    await closeGate();
    expect((await ask({ port, path: '/me', headers })).status).toBeGreaterThanOrEqual(500);
    expect(requests).toEqual([]);
  });
});
