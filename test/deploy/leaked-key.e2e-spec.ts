import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type RunningService, startService } from '../../apps/revocation-service/test/support/running-service.js';
import { Deployment, ISSUER } from '../../apps/revocation-service/test/support/settings.js';
import { TestNode } from '../../apps/revocation-service/test/support/test-node.js';

// docs/runbook.md, "A key is leaked", as it is written there: somebody follows it at three in the morning.

describe('The rotation of a leaked record key', () => {
  const deployment = new Deployment();
  const next = generateSigningKey('records-2');
  const leaked = publicRecordKey(deployment.recordKey);
  let nats: TestNats;
  let running: RunningService | undefined;
  const nodes: TestNode[] = [];

  /** A node that knows these keys, and nothing from before. */
  const startNode = async (name: string, keys: readonly object[]): Promise<TestNode> => {
    const knowing = { issuers: () => deployment.issuers(), recordKeys: () => ({ keys }) };
    const node = await TestNode.start(knowing, nats.url, name);
    nodes.push(node);
    return node;
  };
  const start = async (more: Readonly<Record<string, string>>): Promise<RunningService> => {
    running = await startService(await deployment.environment(nats.url, more));
    await running.ready();
    return running;
  };
  const epochOf = async ({ api }: RunningService): Promise<unknown> => (await api.get('/health/ready')).body.epoch;

  beforeAll(async () => {
    nats = await startTestNats();
  }, 60_000);
  afterAll(async () => {
    for (const node of nodes) await node.vanish();
    await running?.close();
    await nats.dispose();
  });

  it('ends with nodes that believe only the new key and know every revocation from before', async () => {
    const before = await start({});
    await before.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'alice' });
    const epoch = String(await epochOf(before));
    const token = await deployment.token();

    // 1. Every node knows both keys. 2. The service signs with the new one.
    const old = await startNode('knows-both', [leaked, publicRecordKey(next)]);
    await before.close();
    running = undefined;
    const rotation = {
      REVOCAST_SIGNING_KEY: JSON.stringify(next),
      REVOCAST_RECORD_KEYS: JSON.stringify({ keys: [leaked] }),
    };
    const after = await start(rotation);
    await after.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'bob' });

    // 3. The log with the old signatures is removed; the service writes everything live anew, signed with the new key.
    const admin = await connect({ servers: nats.url });
    const answer = await admin.request(`$JS.API.STREAM.DELETE.REVOCAST_LOG_${epoch}`);
    expect(answer.json()).toMatchObject({ success: true });
    await admin.close();
    await eventually(
      async () => {
        const { status, body } = await after.api.get('/health/ready');
        expect(status).toBe(200);
        expect(body.epoch).not.toBe(epoch);
      },
      { withinMs: 60_000 },
    );

    // 4. Nodes no longer know the leaked key.
    const fresh = await startNode('knows-the-new', [publicRecordKey(next)]);
    expect(await fresh.gate.check(token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' });
    expect(fresh.follower.status().counters.foreign).toBe(0);
    await eventually(() => expect(old.follower.status().state).toBe('current'), { withinMs: 60_000 });
    expect(await old.gate.check(token)).toMatchObject({ code: 'ERR_TOKEN_REVOKED' });
  }, 240_000);
});
