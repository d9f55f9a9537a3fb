import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Answer } from '../../apps/revocation-service/test/support/api.js';
import { type RunningService, startService } from '../../apps/revocation-service/test/support/running-service.js';
import { Deployment, ISSUER, OTHER_ISSUER } from '../../apps/revocation-service/test/support/settings.js';
import { GoApp } from './go-app.js';
import { callGo, goModule } from './go-module.js';
import { findGo } from './go-toolchain.js';

/** Begins with a letter: the server reads the variable as configuration. */
const password = (): string => `p${randomBytes(16).toString('hex')}`;
/** The accounts as they are shipped: a Go node gets by with the rights of any other. */
const rights = {
  NATS_SERVICE_PASSWORD: password(),
  NATS_API_NODE_PASSWORD: password(),
  NATS_COMMANDS_PASSWORD: password(),
};
// What the rights of a node are written for.
const SERVICE = 'api-node';
// Short, so that the service has heard all nodes there can be within some seconds.
const BOUND_MS = 2_000;

describe('a Go service beside the others', () => {
  const deployment = new Deployment();
  const began = Date.now();
  let scratch: string;
  let binary: string;
  let nats: TestNats;
  let running: RunningService | undefined;
  let app: GoApp | undefined;

  const startApp = async (): Promise<GoApp> => {
    app = await GoApp.start(binary, {
      NATS_URL: nats.url,
      NATS_USER: 'api-node',
      NATS_PASSWORD: rights.NATS_API_NODE_PASSWORD,
      REVOCAST_SERVICE: SERVICE,
      REVOCAST_NODE_ID: 'billing-1',
      REVOCAST_MODE: 'strict',
      REVOCAST_STALENESS_MS_MAX: String(BOUND_MS),
      REVOCAST_RECORD_KEYS: JSON.stringify(deployment.recordKeys()),
      REVOCAST_ISSUERS: JSON.stringify(await deployment.issuers()),
    });
    return app;
  };
  const service = (): RunningService => {
    if (running === undefined) throw new Error('no service runs');
    return running;
  };
  /** Issued before anything is revoked in here. */
  const tokenOf = (sub: string): Promise<string> => deployment.token({ sub, iat: Math.floor(began / 1000) - 60 });
  const revoke = (sub: string): Promise<Answer> =>
    service().api.revoke({ issuer: ISSUER, scope: 'subject', sub }, { prefer: 'wait=20' });

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'revocast-go-'));
    binary = join(scratch, 'example');
    await callGo(await findGo(), goModule('example'), 'go', 'build', '-o', binary, '.');
    nats = await startTestNats({ include: [resolve('deploy/nats/accounts.conf')], env: rights });
  }, 300_000);
  afterAll(async () => {
    await app?.end('SIGKILL');
    await running?.close();
    await nats.dispose();
    await rm(scratch, { recursive: true, force: true });
  });

  it('says that it does not know until it is current, and then lets good tokens in', async () => {
    const token = await tokenOf('alice');
    const go = await startApp();
    expect(await go.me(token)).toMatchObject({ status: 503, code: 'ERR_REVOCATION_UNKNOWN' });
    expect(await go.me(`${token.slice(0, -8)}AAAAAAAA`)).toMatchObject({ status: 401, code: 'ERR_TOKEN_SIGNATURE' });
    running = await startService(
      await deployment.environment(nats.url, {
        NATS_USER: 'service',
        NATS_PASSWORD: rights.NATS_SERVICE_PASSWORD,
        REVOCAST_STALENESS_MS_MAX: String(BOUND_MS),
      }),
    );
    await running.ready();
    await eventually(async () => expect(await go.me(token)).toEqual({ status: 200, sub: 'alice' }));
  }, 60_000);

  it('is counted: a revocation is enforced when the Go node has acknowledged it, and it refuses the token', async () => {
    const [go, alice, bob] = [app, await tokenOf('alice'), await tokenOf('bob')];
    // Until the service has listened for as long as any proof lasts, time alone would end the wait.
    await eventually(async () => {
      const { body } = await revoke(`nobody-${String(Math.random())}`);
      expect(body.propagation).toMatchObject({ rosterComplete: true });
    });
    const { status, body } = await revoke('alice');
    expect(status).toBe(201);
    expect(body.propagation).toMatchObject({ state: 'enforced', nodes: 1, applied: 1, notCounted: [] });
    expect(body.propagation).toMatchObject({ services: [{ service: SERVICE, nodes: 1, applied: 1 }] });
    expect(await go?.me(alice)).toMatchObject({ status: 401, code: 'ERR_TOKEN_REVOKED' });
    expect(await go?.me(bob)).toEqual({ status: 200, sub: 'bob' });
    // Declared otherwise than most: no session, and a cut-off by the time of the login.
    expect(
      (await service().api.revoke({ issuer: OTHER_ISSUER, scope: 'issuer' }, { prefer: 'wait=20' })).body,
    ).toMatchObject({
      propagation: { state: 'enforced', applied: 1 },
    });
    const canary = { issuer: ISSUER, scope: 'token', jti: 'revocast-canary-1' };
    const drill = await service().api.revoke(canary, { prefer: 'wait=20' });
    const { nodes } = (await service().api.get('/v1/nodes')).body;
    const health = await go?.health();
    expect(nodes).toEqual([
      expect.objectContaining({
        ...{ node: 'billing-1', service: SERVICE, instance: health?.Instance, state: 'current' },
        canaries: [{ revocationId: drill.body.id, outcome: 'refused' }],
      }),
    ]);
  }, 60_000);

  it('knows nothing without its broker, and after a restart nothing at all until it has read the log again', async () => {
    const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob')];
    await nats.stop();
    await eventually(async () => expect(await app?.me(bob)).toMatchObject({ status: 503 }));
    expect(await app?.me(alice)).toMatchObject({ status: 401, code: 'ERR_TOKEN_REVOKED' });
    await app?.end('SIGKILL');
    const go = await startApp();
    for (const token of [alice, bob]) expect(await go.me(token)).toMatchObject({ status: 503 });
    await nats.start();
    await eventually(async () => expect(await go.me(bob)).toMatchObject({ status: 200 }));
    expect(await go.me(alice)).toMatchObject({ status: 401 });
  }, 60_000);

  it('says goodbye when it is ended', async () => {
    const { Instance } = (await app?.health()) ?? { Instance: '' };
    await app?.end('SIGTERM');
    await eventually(async () => {
      const { nodes } = (await service().api.get('/v1/nodes')).body;
      expect(nodes.filter(({ instance, state }) => instance === Instance && state !== 'gone')).toEqual([]);
    });
  });
});
