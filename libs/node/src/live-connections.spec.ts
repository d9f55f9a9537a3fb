import { describe, expect, it } from '@jest/globals';
import { type TokenFacts } from '@revocast/core';
import { type Refusal } from '@revocast/gate';
import {
  aRevocation,
  epochOpenedBody,
  InMemoryBroker,
  ManualTime,
  revokedBody,
  someFacts,
  type InMemoryFeed,
} from '@revocast/testing';
import { createNode } from './create-node.js';
import { SWEEP_MS } from './live-connections.js';
import { type RevocationNode } from './revocation-node.js';
import { settingsFrom, type RevocationNodeOptions } from './options.js';

const ISSUER = 'https://issuer.example';

/** A node that is current, on time that stands still, with live connections. */
async function aCurrentNode(more: Partial<RevocationNodeOptions> = {}) {
  const time = new ManualTime();
  const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
  broker.createLog('epoch-1');
  broker.publish(epochOpenedBody());
  const feed: InMemoryFeed = broker.createFeed();
  const issuers = [{ issuer: ISSUER, audience: 'orders' }];
  const surroundings = { clock: time, schedule: time.schedule };
  const settings = settingsFrom({ feed, issuers, mode: 'strict', service: 'orders', ...surroundings, ...more });
  const node = createNode(settings);
  const { live } = node;
  void node.start();
  await time.until(() => node.status().state === 'current');
  const now = Math.floor(time.wall() / 1000);
  const factsOf = (parts: Partial<Record<keyof TokenFacts, unknown>> = {}): TokenFacts =>
    someFacts({ issuedAt: now, expiresAt: now + 3600, cutoffTime: now, ...parts } as never);
  return { time, broker, feed, node, live, factsOf };
}

/** Holds a connection and notes with what answer it was closed. */
function held(live: RevocationNode['live'], facts: TokenFacts) {
  const closed: Refusal[] = [];
  const release = live.register(facts, (why) => closed.push(why));
  return { closed, release };
}

const suspended = (parts: Parameters<typeof aRevocation>[0]) =>
  revokedBody(aRevocation({ ...parts, effect: { kind: 'suspended' } }));

// One of these tests provokes an error that is logged.
describe('live connections', () => {
  it.each(['token', 'session', 'subject', 'client', 'grant', 'device', 'issuer', 'key'] as const)(
    'D18: are closed by a revocation of scope %s that hits their token, and others stay',
    async (scope) => {
      const { time, broker, live, factsOf } = await aCurrentNode();
      const hit = held(live, factsOf());
      const others = { jti: 'j2', sid: 's2', sub: 'bob', clientId: 'app-2', deviceId: 'phone-2', kid: 'kid-2' };
      const other = held(live, factsOf({ ...others, signingInputHash: () => 'hash-2' }));
      await time.advance(0);
      expect(hit.closed).toEqual([]);
      broker.publish(suspended({ scope }));
      await time.advance(0);
      expect(hit.closed).toEqual([expect.objectContaining({ status: 401, code: 'ERR_TOKEN_REVOKED', scope })]);
      expect(other.closed).toHaveLength(scope === 'issuer' ? 1 : 0);
      expect(live.size).toBe(scope === 'issuer' ? 0 : 1);
    },
  );

  it('D18: of a token that was refreshed after the cut-off stay open', async () => {
    const { time, broker, live, factsOf } = await aCurrentNode();
    const now = Math.floor(time.wall() / 1000);
    const effect = { kind: 'issuedBefore', issuedBefore: now } as never;
    const old = held(live, factsOf({ issuedAt: now - 1, cutoffTime: now - 1 }));
    const refreshed = held(live, factsOf());
    broker.publish(revokedBody(aRevocation({ scope: 'subject', effect })));
    await time.advance(0);
    expect([old.closed.length, refreshed.closed.length]).toEqual([1, 0]);
  });

  it('are closed before the node acknowledges the record that hits them', async () => {
    const { time, broker, live, factsOf } = await aCurrentNode();
    let closedAt: number | undefined;
    live.register(factsOf(), () => (closedAt = broker.heartbeats.filter(({ watermark }) => watermark >= 2).length));
    broker.publish(suspended({ scope: 'subject' }));
    await time.until(() => broker.heartbeats.some(({ watermark }) => watermark >= 2));
    expect(closedAt).toBe(0);
  });

  it('are closed when a revocation took effect between the check and the registration', async () => {
    const { time, broker, live, factsOf } = await aCurrentNode();
    const facts = factsOf();
    broker.publish(suspended({ scope: 'subject' }));
    await time.advance(0);
    const { closed } = held(live, facts);
    expect(closed).toEqual([]);
    await time.advance(0);
    expect(closed).toHaveLength(1);
  });

  it('are closed soon after their token has expired, though no record says so', async () => {
    const { time, live, factsOf } = await aCurrentNode();
    const { closed } = held(live, factsOf());
    await time.advance(3_599_000);
    expect(closed).toEqual([]);
    // The skew of the issuer's clock counts in the token's favour, as it does for requests.
    await time.advance(1_000 + 60_000 + SWEEP_MS);
    expect(closed).toEqual([expect.objectContaining({ code: 'ERR_TOKEN_EXPIRED' })]);
  });

  it('are closed in strict mode when nobody can say any more, and stay in bestEffort', async () => {
    const answers = [];
    for (const mode of ['strict', 'bestEffort'] as const) {
      const { time, feed, live, factsOf } = await aCurrentNode({ mode, stalenessMsMax: 10_000 });
      const { closed } = held(live, factsOf());
      feed.disconnect();
      await time.advance(9_000);
      expect(closed).toEqual([]);
      await time.advance(10_000);
      answers.push(closed.map(({ code }) => code));
    }
    expect(answers).toEqual([['ERR_REVOCATION_UNKNOWN'], []]);
  });

  it('follow the tighter bound of their route', async () => {
    const { time, feed, live, factsOf } = await aCurrentNode();
    const closed: Refusal[] = [];
    live.register(factsOf(), (why) => closed.push(why), { stalenessMsMax: 20_000 });
    const { closed: ofModule } = held(live, factsOf());
    feed.disconnect();
    await time.advance(100_000);
    expect([closed.length, ofModule.length]).toEqual([1, 0]);
  });

  it('are closed at most once, and not at all after they were released', async () => {
    const { time, broker, live, factsOf } = await aCurrentNode();
    const kept = held(live, factsOf());
    const released = held(live, factsOf());
    released.release();
    broker.publish(suspended({ scope: 'subject' }));
    broker.publish(suspended({ scope: 'device' }));
    await time.advance(2 * SWEEP_MS);
    expect([kept.closed.length, released.closed.length, live.size]).toEqual([1, 0, 0]);
  });

  it('go on being closed when the closing of one of them throws', async () => {
    const logged: unknown[] = [];
    const log = { warn: () => undefined, error: (line: unknown) => logged.push(line) };
    const { time, broker, live, factsOf } = await aCurrentNode({ log });
    live.register(factsOf(), () => {
      throw new Error('socket is gone');
    });
    const { closed } = held(live, factsOf());
    broker.publish(suspended({ scope: 'subject' }));
    await time.advance(0);
    expect(closed).toHaveLength(1);
    expect(logged).toEqual([expect.objectContaining({ event: 'liveConnectionNotClosed' })]);
  });

  it('are refused above their limit instead of growing without one', async () => {
    const { live, factsOf } = await aCurrentNode({ liveConnectionsMax: 2 });
    const { release } = held(live, factsOf());
    held(live, factsOf());
    expect(() => held(live, factsOf())).toThrow(expect.objectContaining({ code: 'ERR_CAPACITY' }));
    release();
    expect(() => held(live, factsOf())).not.toThrow();
  });

  it('are all looked at in one sweep, however many, though no turn looks at more than a slice', async () => {
    const { time, live, factsOf } = await aCurrentNode();
    const connections = Array.from({ length: 600 }, () => held(live, factsOf()));
    const closed = () => connections.filter((connection) => connection.closed.length === 1).length;
    await time.until(() => closed() > 0, 2 * 3_600_000, 100);
    await time.advance(0);
    expect(closed()).toBe(600);
  });

  it('are all closed when the process ends, those that come late included', async () => {
    const { live, time, factsOf } = await aCurrentNode();
    const early = held(live, factsOf());
    live.closeAll();
    const late = held(live, factsOf());
    await time.advance(0);
    expect([early.closed[0]?.status, late.closed[0]?.status]).toEqual([503, 503]);
  });
});
