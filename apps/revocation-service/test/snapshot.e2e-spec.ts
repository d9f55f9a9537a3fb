import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';
import { TestNode } from './support/test-node.js';

describe('The snapshots of the service', () => {
  const deployment = new Deployment();
  let nats: TestNats;
  let running: RunningService;
  let api: Api;
  /** Before everything that is revoked: a later token of the same device is a new login, and good. */
  let issuedAt: number;

  beforeAll(async () => {
    issuedAt = Math.floor(Date.now() / 1000);
    nats = await startTestNats();
    running = await startService(await deployment.environment(nats.url, { REVOCAST_SNAPSHOT_RECORDS: '8' }));
    await running.ready();
    ({ api } = running);
  });
  afterAll(async () => {
    await running.close();
    await nats.dispose();
  });

  const revokeSome = async (from: number, count: number): Promise<void> => {
    for (let at = from; at < from + count; at += 1) {
      const { status } = await api.revoke({ issuer: ISSUER, scope: 'device', deviceId: `device-${at}` });
      expect(status).toBe(201);
    }
  };

  it('are written once enough happened, and not again before enough happened since', async () => {
    await revokeSome(1, 10);
    const { snapshots } = running.service.watching;
    const written = await eventually(async () => {
      const manifest = await snapshots.take();
      if (manifest === undefined) throw new Error('not yet');
      return manifest;
    });
    expect(written).toMatchObject({ liveEntries: 10 });
    await revokeSome(11, 3);
    expect(await snapshots.take()).toBeUndefined();
  });

  it('let a node start without the records that they cover, and with those that came later', async () => {
    const node = await TestNode.start(deployment, nats.url, 'cold', { snapshotRecordsMin: 4 });
    try {
      for (const deviceId of ['device-1', 'device-10', 'device-13']) {
        const answer = await node.gate.check(await deployment.token({ device_id: deviceId, iat: issuedAt }));
        expect(answer).toMatchObject({ outcome: 'refuse', code: 'ERR_TOKEN_REVOKED' });
      }
      expect(await node.gate.check(await deployment.token({ device_id: 'device-99' }))).toMatchObject({
        outcome: 'pass',
      });
      expect(node.follower.status()).toMatchObject({ liveEntries: 13, state: 'current' });
    } finally {
      await node.vanish();
    }
  });
});
