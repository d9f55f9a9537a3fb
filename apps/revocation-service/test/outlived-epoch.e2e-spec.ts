import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Answer, type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';

describe('What was accepted while the broker was away and then lost its log', () => {
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
  const comesBackEmpty = async (): Promise<string> => {
    await nats.wipe();
    await nats.start();
    await running.ready();
    const { body } = await api.get('/health/ready');
    return body.epoch;
  };

  it('is published by the next epoch, and the same Idempotency-Key then gets the success', async () => {
    const command = { issuer: ISSUER, scope: 'device', deviceId: 'phone-1' };
    await nats.stop();
    await untilUnready();
    const accepted = await api.revoke(command, { 'idempotency-key': 'lost-log' });
    expect([accepted.status, accepted.body.state]).toEqual([503, 'accepted']);

    const epoch = await comesBackEmpty();
    const replayed = await api.revoke(command, { 'idempotency-key': 'lost-log' });
    expect(replayed.status).toBe(201);
    expect(replayed.body).toMatchObject({ id: accepted.body.id, state: 'published', epoch });
    expect(replayed.body.sequence).toBeGreaterThan(0);
    const listed = await api.get('/v1/revocations?state=accepted');
    expect(listed.body.items).toEqual([]);
  }, 60_000);

  it('also when it was a lift', async () => {
    const { body } = await api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice', until: 'lifted' });
    await nats.stop();
    await untilUnready();
    expect((await api.post(`/v1/revocations/${body.id}/lift`, {})).status).toBe(503);

    const epoch = await comesBackEmpty();
    const lifted = await api.post(`/v1/revocations/${body.id}/lift`, {});
    expect(lifted.status).toBe(200);
    expect(lifted.body.lift).toMatchObject({ epoch });
  }, 60_000);

  it('leaves no record of the old epoch behind to hold up the rest, whenever it arrived', async () => {
    const command = (at: number): string =>
      JSON.stringify({ issuer: ISSUER, scope: 'device', deviceId: `phone-${at}` });
    // Enough to make the filling of the next epoch last for a while.
    await api.call('POST', '/v1/revocations/batch', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: Array.from({ length: 4_000 }, (_, at) => command(at)).join('\n'),
    });
    const { body: before } = await api.get('/health/ready');
    await nats.wipe();
    await nats.start();
    const answers: Promise<Answer>[] = [];
    await eventually(
      async () => {
        answers.push(api.revoke({ issuer: ISSUER, scope: 'subject', sub: `user-${answers.length}` }));
        const { status, body, text } = await api.get('/health/ready');
        if (status !== 200 || body.epoch === before.epoch) throw new Error(text);
      },
      { withinMs: 30_000 },
    );
    await eventually(async () => {
      expect((await api.get('/health/ready')).body).toMatchObject({ status: 'ready', pendingRecords: 0 });
    });
    await Promise.all(answers);
    expect((await api.get('/v1/revocations?state=accepted')).body.items).toEqual([]);
  }, 90_000);
});
