import { type IncomingHttpHeaders } from 'node:http';
import { expect, it } from '@jest/globals';
import { bearer } from '../conformance/cases.js';
import { type World } from '../conformance/world.js';

export interface ApiBehindEnvoy {
  readonly aWorld: () => Promise<World>;
  readonly get: (path: string, headers: readonly string[]) => Promise<{ readonly status: number }>;
  /** What reached the API. */
  readonly requests: () => readonly { readonly headers: IncomingHttpHeaders }[];
}

/** Whichever way Envoy asks the gate: what a client writes into headers is neither believed nor handed on. */
export const itKeepsHeadersApart = ({ aWorld, get, requests }: ApiBehindEnvoy): void => {
  it('is sent no request with two Authorization headers', async () => {
    const world = await aWorld();
    const good = bearer(world.token());
    const statuses = [];
    for (const other of ['Bearer x', 'Basic x']) {
      statuses.push((await get('/me', [...good, 'Authorization', other])).status);
      statuses.push((await get('/me', ['Authorization', other, ...good])).status);
    }
    // The last one is a Basic header to the gate: no token.
    expect(statuses).toEqual([400, 400, 400, 401]);
    expect(requests()).toEqual([]);
  });

  it('is told nothing that a client wrote under the names of the gate, on public routes too', async () => {
    const world = await aWorld();
    const forged = ['X-Revocast-Subject', 'root', 'X-Revocast-Client', 'admin', 'X-Revocast-Verdict', 'active'];
    const token = world.token({ sub: 'zoë%\u2028', client_id: undefined });
    await get('/me', [...forged, ...bearer(token)]);
    await get('/open', forged);
    const [me, open] = requests().map(({ headers }) => headers);
    expect(me).toMatchObject({ 'x-revocast-subject': 'zo%C3%AB%25%E2%80%A8', 'x-revocast-verdict': 'active' });
    expect(me?.['x-revocast-client'] ?? '').toBe('');
    for (const name of ['subject', 'client', 'verdict']) expect(open?.[`x-revocast-${name}`]).toBeUndefined();
  });
};
