import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';
import { TestNode } from './support/test-node.js';

const command = (deviceId: string): object => ({ issuer: ISSUER, scope: 'device', deviceId });

describe('While the broker', () => {
  let deployment: Deployment;
  let nats: TestNats;
  let running: RunningService;
  let api: Api;

  beforeEach(async () => {
    deployment = new Deployment();
    nats = await startTestNats();
    running = await startService(await deployment.environment(nats.url));
    await running.ready();
    ({ api } = running);
  }, 60_000);

  afterEach(async () => {
    await running.close();
    await nats.dispose();
  });

  const untilUnready = (): Promise<void> =>
    eventually(async () => {
      if ((await api.get('/health/ready')).status === 200) throw new Error('still ready');
    });
  const untilPublished = (id: string): Promise<void> =>
    eventually(
      async () => {
        const { body } = await api.get(`/v1/revocations/${id}`);
        if (body.state !== 'published') throw new Error(body.state);
      },
      { withinMs: 20_000 },
    );

  it('is down, a command is kept, never answered with success, and published when it is back', async () => {
    await nats.stop();
    await untilUnready();
    const answer = await api.revoke(command('phone-1'), { 'idempotency-key': 'during-outage' });
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'ERR_FEED_DISCONNECTED', state: 'accepted', id: expect.any(String) });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    const id = answer.body.id;
    expect((await api.get(`/v1/revocations/${id}`)).body).toMatchObject({ state: 'accepted', propagation: null });
    const repeated = await api.revoke(command('phone-1'), { 'idempotency-key': 'during-outage' });
    expect([repeated.status, repeated.body.id]).toEqual([503, id]);

    await nats.start();
    await untilPublished(id);
    const replayed = await api.revoke(command('phone-1'), { 'idempotency-key': 'during-outage' });
    expect([replayed.status, replayed.body.id]).toEqual([201, id]);
    const node = await TestNode.start(deployment, nats.url, 'started-later');
    const answerOfNode = await node.gate.check(
      await deployment.token({ device_id: 'phone-1', iat: 1 + Math.floor(Date.now() / 1000) - 3600 }),
    );
    expect(answerOfNode).toMatchObject({ outcome: 'refuse', code: 'ERR_TOKEN_REVOKED', revocationId: id });
    await node.vanish();
  });

  it('is down, the service says why it is not ready, lists, and lifts later', async () => {
    const { body } = await api.revoke(command('phone-2'));
    await nats.stop();
    await untilUnready();
    expect((await api.get('/health/ready')).body).toMatchObject({
      status: 'notReady',
      reasons: [{ code: 'disconnected' }],
    });
    expect((await api.get('/health/live')).status).toBe(200);
    expect((await api.get('/v1/revocations')).body.items).toHaveLength(1);
    const lift = await api.post(`/v1/revocations/${body.id}/lift`, {});
    expect([lift.status, lift.body.code, lift.body.id]).toEqual([503, 'ERR_FEED_DISCONNECTED', body.id]);
    await nats.start();
    await running.ready();
    const again = await eventually(async () => {
      const answer = await api.post(`/v1/revocations/${body.id}/lift`, {});
      if (answer.status !== 200) throw new Error(answer.text);
      return answer;
    });
    expect(again.body).toMatchObject({ state: 'lifted', lift: { sequence: expect.any(Number) }, left: [] });
  });

  it('is frozen, the outcome is unknown, and the same record is confirmed once it thaws', async () => {
    await nats.pause();
    const answer = await api.revoke(command('phone-3'));
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({
      state: 'accepted',
      code: expect.stringMatching(/^ERR_(?:PUBLISH_UNKNOWN|FEED_DISCONNECTED)$/),
    });
    await nats.resume();
    await untilPublished(answer.body.id);
    const { body } = await api.revoke(command('phone-4'));
    const { body: first } = await api.get(`/v1/revocations/${answer.body.id}`);
    // Had the repeated bytes been stored twice, the next record would be two further on.
    expect(body.sequence - first.sequence).toBe(1);
  }, 60_000);
});

describe('Started without a broker, the service', () => {
  it('answers, says that it is not ready, takes no command, and opens its first epoch once the broker is there', async () => {
    const nats = await startTestNats();
    await nats.stop();
    const running = await startService(await new Deployment().environment(nats.url));
    const { api } = running;
    expect((await api.get('/health/ready')).status).toBe(503);
    const answer = await api.revoke(command('phone'));
    expect([answer.status, answer.body.code]).toEqual([503, 'ERR_FEED_DISCONNECTED']);
    expect(answer.body).not.toHaveProperty('id');
    await nats.start();
    await running.ready();
    expect((await api.revoke(command('phone'))).status).toBe(201);
    await running.close();
    await nats.dispose();
  }, 60_000);
});
