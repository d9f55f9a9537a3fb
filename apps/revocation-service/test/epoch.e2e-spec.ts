import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';
import { TestNode } from './support/test-node.js';

describe('The log of the service', () => {
  let deployment: Deployment;
  let nats: TestNats;
  const open: RunningService[] = [];

  beforeEach(async () => {
    deployment = new Deployment();
    nats = await startTestNats();
  }, 60_000);
  afterEach(async () => {
    for (const running of open.splice(0)) await running.close();
    await nats.dispose();
  });

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<RunningService> => {
    const running = await startService(await deployment.environment(nats.url, more));
    open.push(running);
    return running;
  };
  const stop = async (running: RunningService): Promise<void> => {
    open.splice(open.indexOf(running), 1);
    await running.close();
  };
  const expectRefusal = (running: RunningService, because: string): Promise<void> =>
    eventually(
      async () => {
        const { status, body, text } = await running.api.get('/health/ready');
        if (status !== 503 || body.reasons[0]?.code !== because) throw new Error(text);
      },
      { withinMs: 15_000 },
    );

  it('is made only when the operator said so', async () => {
    const running = await start({ REVOCAST_INIT: 'false' });
    await expectRefusal(running, 'notInitialised');
    const answer = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice' });
    expect([answer.status, answer.body.code]).toEqual([503, 'ERR_LOG_UNAVAILABLE']);
    expect(answer.body).not.toHaveProperty('id');
  }, 60_000);

  it('when lost with its broker’s disk is written anew: live revocations under their ids, lifted ones stay lifted', async () => {
    const running = await start();
    await running.ready();
    const suspended = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'suspended', until: 'lifted' });
    const lifted = await running.api.revoke({ issuer: ISSUER, scope: 'session', sid: 'lifted' });
    await running.api.post(`/v1/revocations/${lifted.body.id}/lift`, {});
    const node = await TestNode.start(deployment, nats.url, 'lives-through-it');
    await nats.wipe();
    await nats.start();
    await eventually(
      async () => {
        const { body } = await running.api.get('/health/ready');
        expect(body).toMatchObject({ status: 'ready' });
        expect(body.epoch).not.toBe(suspended.body.epoch);
      },
      { withinMs: 30_000 },
    );
    const newcomer = await TestNode.start(deployment, nats.url, 'comes-later');
    await node.isCurrent();
    const token = await deployment.token({ sub: 'suspended' });
    const free = await deployment.token({ sid: 'lifted' });
    for (const one of [node, newcomer]) {
      expect(await one.gate.check(token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED', revocationId: suspended.body.id });
      expect(await one.gate.check(free)).toMatchObject({ outcome: 'pass', verdict: { kind: 'active' } });
    }
    await Promise.all([node.vanish(), newcomer.vanish()]);
  }, 90_000);

  it('when lost is not written anew without the operator’s word', async () => {
    const first = await start();
    await first.ready();
    await first.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice' });
    await stop(first);
    await nats.wipe();
    await nats.start();
    const second = await start({ REVOCAST_INIT: 'false' });
    await expectRefusal(second, 'logLost');
  }, 60_000);

  it('that other keys signed is never touched, whatever namespace it is in', async () => {
    const owner = await start();
    await owner.ready();
    const staging = new Deployment();
    const stranger = await startService(await staging.environment(nats.url));
    open.push(stranger);
    await expectRefusal(stranger, 'foreignLog');
    expect((await owner.api.get('/health/ready')).status).toBe(200);
  }, 60_000);

  it('is not taken over with another hash key', async () => {
    const owner = await start();
    await owner.ready();
    const more = { REVOCAST_HASH_KEY: 'f'.repeat(32), REVOCAST_DATA_DIR: new Deployment().dataDirectory };
    await expectRefusal(await start(more), 'hashKeyChanged');
  }, 60_000);

  it('is not written with another hash key', async () => {
    const first = await start();
    await first.ready();
    await stop(first);
    const second = await start({ REVOCAST_HASH_KEY: 'f'.repeat(32) });
    await expectRefusal(second, 'hashKeyChanged');
  }, 60_000);

  it('is not opened over the heads of nodes that follow another epoch', async () => {
    const first = await start();
    await first.ready();
    const node = await TestNode.start(deployment, nats.url, 'follows-the-first');
    await stop(first);
    await nats.wipe();
    await nats.start();
    const second = await start({ REVOCAST_DATA_DIR: new Deployment().dataDirectory });
    await expectRefusal(second, 'otherEpochInFleet');
    await node.vanish();
  }, 60_000);

  it('is nobody’s first when the service died before it noted that an epoch was open: nodes may have a proof from that one', async () => {
    const first = await start();
    await first.ready();
    first.service.writing.database.run("UPDATE epochs SET state = 'opening'", []);
    await stop(first);
    await nats.wipe();
    await nats.start();
    const second = await start();
    await second.ready();
    const node = await TestNode.start(deployment, nats.url, 'the-only-one-heard');
    await second.hears('the-only-one-heard');
    const { body } = await second.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice' }, { prefer: 'wait=1' });
    expect(body.propagation).toMatchObject({ state: 'propagating', nodes: 1, applied: 1 });
    await node.vanish();
  }, 60_000);

  it('gets the settings of an issuer again when they change, and nodes with the old ones no longer count', async () => {
    const first = await start();
    await first.ready();
    await stop(first);
    const [issuer, ...others] = await deployment.issuers();
    const changed = [{ ...issuer, maxLifetimeSeconds: 7_200 }, ...others];
    const second = await start({ REVOCAST_ISSUERS: JSON.stringify(changed) });
    await second.ready();
    const node = await TestNode.start(deployment, nats.url, 'has-the-old-settings');
    await second.hears('has-the-old-settings');
    const { body } = await second.api.revoke(
      { issuer: ISSUER, scope: 'subject', sub: 'alice' },
      { prefer: 'respond-async' },
    );
    expect(body.propagation).toMatchObject({ notCounted: [{ node: 'has-the-old-settings', why: 'settings' }] });
    await node.vanish();
  }, 60_000);

  it('carries again what would age out of it: what is in force, under the same id, and what makes the epoch count', async () => {
    const running = await start();
    await running.ready();
    const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'old', until: 'lifted' });
    const { republisher, database } = running.service.writing;
    expect(await republisher.republishOld()).toBe(0);
    database.run('UPDATE records SET made_at = made_at - ?', [40 * 86_400_000]);
    // The suspension, the settings of each issuer and the word that the epoch is open.
    const renewed = 1 + (await deployment.issuers()).length + 1;
    expect(await republisher.republishOld()).toBe(renewed);
    expect(await republisher.republishOld()).toBe(0);
    const again = await running.api.get(`/v1/revocations/${body.id}`);
    expect(again.body).toMatchObject({ state: 'published', sequence: body.sequence });
    expect((await running.api.get('/v1/nodes')).body.head).toBe(body.sequence + renewed);
  }, 60_000);
});
