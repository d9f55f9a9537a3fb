import { describe, expect, it } from '@jest/globals';
import { aCurrentScene, anIssuer, type FollowerScene, revoke, SCENE_BOUND_MS } from '@revocast/testing';
import { createFollower } from './create-follower.js';
import { type Follower } from './follower.js';
import { FIRST_TICK_MS_MAX } from './follower-limits.js';
import { sequence } from './units.js';

/** A node that starts beside the one of the scene, where ticks are promised. */
const startPromised = ({ time, broker }: FollowerScene): Follower => {
  const feed = Object.assign(broker.createFeed(), { promisesTicks: true });
  const clocks = { clock: time, schedule: time.schedule, prng: () => 0.5 };
  const follower = createFollower({ feed, ...clocks, issuers: [anIssuer()], stalenessMsMax: SCENE_BOUND_MS });
  follower.start();
  return follower;
};

describe('A follower to whom the service tells how far the log goes', () => {
  it('is proven once the first tick has come, however soon', async () => {
    const scene = await aCurrentScene();
    const follower = startPromised(scene);
    await scene.time.advance(500);
    expect(follower.status().state).toBe('catchingUp');
    scene.broker.tick();
    await scene.time.advance(10);
    expect(follower.status().state).toBe('current');
  });

  it('does without after some seconds: the service may be down', async () => {
    const scene = await aCurrentScene();
    const follower = startPromised(scene);
    await scene.time.advance(FIRST_TICK_MS_MAX - 100);
    expect(follower.status().state).toBe('catchingUp');
    await scene.time.advance(1_200);
    expect(follower.status().state).toBe('current');
  });

  it('waits again over each new connection, and goes on by the proof it had', async () => {
    const scene = await aCurrentScene();
    const feed = Object.assign(scene.broker.createFeed(), { promisesTicks: true });
    const clocks = { clock: scene.time, schedule: scene.time.schedule, prng: () => 0.5 };
    const follower = createFollower({ feed, ...clocks, issuers: [], stalenessMsMax: 3_000 });
    follower.start();
    scene.broker.tick();
    await scene.time.until(() => follower.status().state === 'current', 10_000, 50);
    feed.disconnect();
    feed.reconnect();
    await scene.time.advance(1_000);
    expect(follower.status().state).toBe('current');
    await scene.time.advance(3_000);
    expect(follower.status().state).toBe('stale');
    scene.broker.tick();
    await scene.time.advance(10);
    expect(follower.status().state).toBe('current');
  });

  it('believes no log that came back without what it never saw', async () => {
    const scene = await aCurrentScene();
    for (let at = 1; at <= 5; at += 1) revoke(scene, `jti-${at}`);
    scene.broker.log?.rollBackTo(3);
    const follower = startPromised(scene);
    for (let second = 0; second < 10; second += 1) {
      scene.broker.tick({ head: sequence(6) });
      await scene.time.advance(1_000);
      expect(follower.status()).toMatchObject({ state: 'catchingUp', stalenessMs: undefined });
    }
    expect(follower.freshness('any', SCENE_BOUND_MS)).toMatchObject({ fresh: false, because: 'neverCurrent' });
  });

  it('gives up a proof that such a log gave it before the service had its say, at the second look', async () => {
    const scene = await aCurrentScene();
    for (let at = 1; at <= 5; at += 1) revoke(scene, `jti-${at}`);
    scene.broker.log?.rollBackTo(3);
    const follower = startPromised(scene);
    await scene.time.until(() => follower.status().state === 'current', 20_000, 100);
    scene.broker.tick({ head: sequence(6) });
    await scene.time.advance(3_000);
    expect(follower.status()).toMatchObject({ state: 'catchingUp', because: 'rolledBack' });
  });

  it('takes one short answer of a leader that was just elected for no loss', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 5_000 });
    revoke(scene, 'jti-1');
    scene.broker.tick();
    await scene.time.advance(100);
    const head = scene.feed.head.bind(scene.feed);
    let answers = 0;
    scene.feed.head = async (log) => {
      answers += 1;
      const answer = await head(log);
      return answer;
    };
    scene.broker.tick({ head: sequence(3) });
    await scene.time.until(() => answers === 1, 10_000, 10);
    revoke(scene, 'jti-2');
    await scene.time.advance(4_000);
    expect(answers).toBeGreaterThan(1);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 3 });
  });
});
