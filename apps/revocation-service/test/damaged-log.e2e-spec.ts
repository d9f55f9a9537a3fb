import { cp, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';
import { TestNode } from './support/test-node.js';

const suspension = (sub: string): object => ({ issuer: ISSUER, scope: 'subject', sub, until: 'lifted' });

describe('A log that was', () => {
  let deployment: Deployment;
  let nats: TestNats;
  let running: RunningService;

  beforeEach(async () => {
    deployment = new Deployment();
    nats = await startTestNats();
    running = await startService(await deployment.environment(nats.url));
    await running.ready();
  }, 60_000);
  afterEach(async () => {
    await running.close();
    await nats.dispose();
  });

  const wiped = async (): Promise<void> => {
    await nats.wipe();
    await nats.start();
  };
  /** Somebody with all rights deletes the stream and makes it again under its name. */
  const recreated = async (): Promise<void> => {
    const connection = await connect({ servers: nats.url });
    const { streams } = await jetstreamManager(connection);
    for await (const { config } of streams.list()) {
      await streams.delete(config.name);
      await streams.add(config);
    }
    await connection.close();
  };
  const copyOf = (): string => `${nats.storeDir}-before`;
  const saved = async (): Promise<void> => {
    await nats.stop();
    await cp(nats.storeDir, copyOf(), { recursive: true });
    await nats.start();
    await running.ready();
  };
  /** The disk is as it was some revocations ago. */
  const rolledBack = async (): Promise<void> => {
    await nats.stop();
    await rm(nats.storeDir, { recursive: true });
    await cp(copyOf(), nats.storeDir, { recursive: true });
    await rm(copyOf(), { recursive: true });
    await nats.start();
  };

  /** Somebody with all rights writes into the log, until it is as long as it was. */
  const filledUp = async (count: number): Promise<void> => {
    const connection = await connect({ servers: nats.url });
    for (let made = 0; made < count; made += 1) await jetstream(connection).publish('revocast.log.token', 'filling');
    await connection.close();
  };
  /** Waits until the log was written anew, and gives the reasons that were told meanwhile. */
  const writtenAnew = async (before: string): Promise<readonly string[]> => {
    const seen = new Set<string>();
    await eventually(
      async () => {
        const { body } = await running.api.get('/health/ready');
        for (const { code } of body.reasons) seen.add(code);
        if (body.reasons.length > 0 || body.epoch === before) throw new Error([...seen].join());
      },
      { withinMs: 60_000 },
    );
    return [...seen];
  };

  it('rolled back, and as long again by records of somebody else before the service looks, is not believed', async () => {
    const { body: early } = await running.api.revoke(suspension('early'));
    await saved();
    const { body: late } = await running.api.revoke(suspension('late'));
    await running.close();
    await rolledBack();
    await filledUp(late.sequence - early.sequence + 3);
    running = await startService(await deployment.environment(nats.url));
    expect(await writtenAnew(early.epoch)).toContain('logRolledBack');
    const newcomer = await TestNode.start(deployment, nats.url, 'comes-later');
    const check = await newcomer.gate.check(await deployment.token({ sub: 'late' }));
    expect(check).toMatchObject({ code: 'ERR_TOKEN_REVOKED', revocationId: late.id });
    await newcomer.vanish();
  }, 120_000);

  it.each([
    ['wiped', 'logLost', wiped],
    ['made again under its name', 'logRecreated', recreated],
    ['rolled back', 'logRolledBack', rolledBack],
  ] as const)(
    '%s is said to be so, and written anew before anybody follows it',
    async (_, because, damage) => {
      const { body: early } = await running.api.revoke(suspension('early'));
      if (damage === rolledBack) await saved();
      const { body: late } = await eventually(async () => {
        const answer = await running.api.revoke(suspension('late'), { 'idempotency-key': 'late' });
        if (answer.status !== 201) throw new Error(answer.text);
        return answer;
      });
      const lives = await TestNode.start(deployment, nats.url, 'lives-through-it');
      await damage();
      expect(await writtenAnew(early.epoch)).toContain(because);
      const { text } = await running.api.get('/metrics', { key: null });
      expect(text).toContain(`revocast_log_rewritten{because="${because}"} 1`);
      const newcomer = await TestNode.start(deployment, nats.url, 'comes-later');
      await lives.isCurrent();
      for (const node of [lives, newcomer]) {
        for (const { id, sub } of [early, late]) {
          const check = await node.gate.check(await deployment.token({ sub }));
          expect(check).toMatchObject({ code: 'ERR_TOKEN_REVOKED', revocationId: id });
        }
      }
      await Promise.all([lives.vanish(), newcomer.vanish()]);
    },
    180_000,
  );
});
