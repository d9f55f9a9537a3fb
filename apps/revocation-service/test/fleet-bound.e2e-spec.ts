import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { largestBoundMs } from '../src/journal/fleet-bound.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER } from './support/settings.js';
import { TestNode } from './support/test-node.js';

describe('A service that is started anew with a smaller bound', () => {
  let deployment: Deployment;
  let nats: TestNats;

  beforeEach(async () => {
    deployment = new Deployment();
    nats = await startTestNats();
  }, 60_000);
  afterEach(() => nats.dispose());

  const startWith = async (boundMs: number): Promise<RunningService> => {
    const running = await startService(
      await deployment.environment(nats.url, { REVOCAST_STALENESS_MS_MAX: String(boundMs) }),
    );
    await running.ready();
    return running;
  };
  const bound = ({ service }: RunningService): number | undefined => largestBoundMs(service.writing.database);

  it('counts with the larger one, since nodes that are cut off may still have it, also the next time', async () => {
    const largest = 600_000;
    await (await startWith(largest)).close();
    await (await startWith(2_000)).close();
    const running = await startWith(2_000);
    const node = await TestNode.start(deployment, nats.url, 'has-the-smaller-one', { stalenessMsMax: 2_000 });
    await running.hears('has-the-smaller-one');
    const { body } = await running.api.revoke(
      { issuer: ISSUER, scope: 'subject', sub: 'alice' },
      { prefer: 'respond-async' },
    );
    expect(body.propagation).toMatchObject({ state: 'propagating', rosterComplete: false });
    expect(Date.parse(body.propagation.enforcedBy) - Date.now()).toBeGreaterThan(largest / 2);
    await node.vanish();
    await running.close();
  }, 60_000);

  it('forgets the larger one when it has listened for so long, and takes a larger one at once', async () => {
    await (await startWith(3_000)).close();
    const smaller = await startWith(1_000);
    await eventually(() => expect(bound(smaller)).toBe(1_000), { withinMs: 20_000 });
    await smaller.close();
    const larger = await startWith(5_000);
    expect(bound(larger)).toBe(5_000);
    await larger.close();
  }, 60_000);
});
