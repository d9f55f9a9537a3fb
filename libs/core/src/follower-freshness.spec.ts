import { describe, expect, it } from '@jest/globals';
import {
  AN_ISSUER,
  aCurrentScene,
  anIssuer,
  aRevocation,
  aScene,
  epochOpenedBody,
  InMemoryBroker,
  ManualTime,
  openEpoch,
  revoke,
  revokedBody,
  SCENE_BOUND_MS,
  someFacts,
  tokenOf,
  untilCurrent,
  verdictOn,
} from '@revocast/testing';
import { type Clock } from './clock.js';
import { createFollower } from './create-follower.js';
import { epochMs, epochSeconds } from './units.js';

describe('A follower judges its freshness', () => {
  it('by when it asked, not by when it was answered', async () => {
    const scene = aScene();
    openEpoch(scene);
    scene.broker.faults = { travelMs: () => 1_000 };
    scene.follower.start();
    await untilCurrent(scene);
    // Asked, answered and compared with the log: two asks, two ways each.
    expect(scene.follower.status().stalenessMs).toBeGreaterThanOrEqual(4_000);
  });

  it('and stays current until the bound when it is cut off, and not a moment longer', async () => {
    const scene = await aCurrentScene();
    scene.feed.disconnect();
    const left = SCENE_BOUND_MS - (scene.follower.status().stalenessMs ?? 0);
    await scene.time.advance(left);
    expect(scene.follower.status()).toMatchObject({ state: 'current', because: 'disconnected' });
    await scene.time.advance(1);
    expect(verdictOn(scene, 'jti-1')).toEqual({ kind: 'unknown', because: 'stale', everCurrent: true });
    expect(scene.follower.status()).toMatchObject({ state: 'stale', because: 'disconnected' });
  });

  it('and never by ticks', async () => {
    const scene = await aCurrentScene();
    scene.broker.faults = { refuses: () => true };
    for (let second = 0; second < 11; second += 1) {
      scene.broker.tick();
      await scene.time.advance(1_000);
    }
    expect(scene.follower.status()).toMatchObject({ state: 'stale', because: 'boundExceeded', ticksMissed: false });
  });

  it('and takes a bound for a limit that a route may tighten and never loosen', async () => {
    const scene = await aCurrentScene();
    scene.feed.disconnect();
    await scene.time.advance(5_000);
    expect(scene.follower.freshness(AN_ISSUER, 1_000).fresh).toBe(false);
    expect(scene.follower.freshness(AN_ISSUER, 8_000).fresh).toBe(true);
    await scene.time.advance(6_000);
    expect(scene.follower.freshness(AN_ISSUER, 3_600_000).fresh).toBe(false);
    expect(scene.follower.freshness(AN_ISSUER, Number.NaN).fresh).toBe(false);
  });

  it('and with the claim and the settings that the pattern of an issuer has', async () => {
    const [family, issuer] = ['https://id.example/{tenant}', 'https://id.example/acme'];
    const own = anIssuer({ issuer: family, cutoffClaim: 'auth_time' });
    const scene = await aCurrentScene({ issuers: [own] });
    const token = { ...someFacts({ sub: 'alice' }), issuer, family, cutoffTime: epochSeconds(1_000) };
    const effect = { kind: 'issuedBefore', issuedBefore: epochSeconds(1_001) } as const;
    scene.broker.publish(revokedBody(aRevocation({ issuer, key: { scope: 'subject', sub: 'alice' }, effect })));
    await scene.time.advance(1_000);
    expect(scene.follower.find(token)?.byAuthTime).toBe(true);
    expect(scene.follower.find({ ...token, issuer: 'https://id.example/other' })).toBeUndefined();
    expect(scene.follower.freshness(issuer, 8_000, family).fresh).toBe(true);
    const stricter = { ...own, maxLifetimeSeconds: own.maxLifetimeSeconds - 1 };
    scene.broker.publish({ kind: 'settingsDeclared', version: 1, settings: stricter });
    await scene.time.advance(1_000);
    const freshness = scene.follower.freshness(issuer, 8_000, family);
    expect(freshness).toMatchObject({ fresh: false, because: 'issuerSettings' });
  });

  it('and asks often enough for the tightest bound it was asked about', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    scene.follower.freshness(AN_ISSUER, 2_000);
    const answers = [];
    for (let step = 0; step < 50; step += 1) {
      await scene.time.advance(100);
      answers.push(scene.follower.freshness(AN_ISSUER, 2_000).fresh);
    }
    expect(answers).not.toContain(false);
  });

  it('and believes no leader that has lost its followers', async () => {
    const scene = await aCurrentScene();
    scene.broker.faults = { quorumAgeMs: () => 2_001 };
    await scene.time.advance(11_000);
    expect(scene.follower.status()).toMatchObject({ state: 'stale', because: 'boundExceeded' });
    scene.broker.faults = { quorumAgeMs: () => 1_500 };
    await untilCurrent(scene);
    expect(scene.follower.status().stalenessMs).toBeGreaterThanOrEqual(1_500);
  });

  it('and notices three missed ticks, and asks for the head', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    scene.broker.tick();
    await scene.time.advance(10);
    scene.broker.faults = { deliver: () => [] };
    revoke(scene, 'jti-lost');
    await scene.time.advance(5_500);
    expect(scene.follower.status()).toMatchObject({ state: 'current', because: 'ticksMissed', ticksMissed: true });
    expect(verdictOn(scene, 'jti-lost').kind).toBe('revoked');
    scene.broker.tick();
    await scene.time.advance(10);
    expect(scene.follower.status().ticksMissed).toBe(false);
  });

  it('and fails when its bound is above the fleet’s, until the fleet allows it', async () => {
    const scene = await aCurrentScene();
    const old = scene.broker.tick({ fleetBoundMs: SCENE_BOUND_MS });
    await scene.time.advance(1_000);
    scene.broker.tick({ fleetBoundMs: SCENE_BOUND_MS - 1 });
    await scene.time.advance(1_000);
    expect(scene.follower.status()).toMatchObject({ state: 'failed', because: 'ERR_BOUND_ABOVE_FLEET' });
    expect(verdictOn(scene, 'jti-1')).toEqual({ kind: 'unknown', because: 'failed', everCurrent: true });
    scene.broker.tick(old);
    await scene.time.advance(10);
    expect(scene.follower.status().state).toBe('failed');
    scene.broker.tick({ fleetBoundMs: SCENE_BOUND_MS });
    await scene.time.advance(10);
    expect(scene.follower.status().state).toBe('current');
  });
});

describe('A follower whose clocks misbehave', () => {
  const skewed = (time: ManualTime, ms: number): Clock => ({
    wall: () => epochMs(time.wall() + ms),
    monotonic: () => time.monotonic(),
  });

  it.each([-300_000, 300_000])('works with a wall clock that is %d ms off (D13)', async (ms) => {
    const time = new ManualTime();
    const broker = new InMemoryBroker({ schedule: time.schedule, now: () => time.wall() });
    const options = { schedule: time.schedule, prng: () => 0.5, issuers: [anIssuer()], stalenessMsMax: SCENE_BOUND_MS };
    const follower = createFollower({ feed: broker.createFeed(), clock: skewed(time, ms), ...options });
    broker.createLog('epoch-1');
    broker.publish(epochOpenedBody());
    follower.start();
    await time.until(() => follower.status().state === 'current');
    revoke({ broker }, 'jti-1');
    await time.advance(10);
    expect(follower.find(tokenOf('jti-1'))).toBeDefined();
    expect(follower.status()).toMatchObject({ state: 'current', watermark: 2 });
  });

  it.each([3_600_000, -3_600_000])('trusts nothing until a new proof when a clock steps by %d ms (D13)', async (ms) => {
    const scene = await aCurrentScene();
    scene.time.stepWall(ms);
    expect(verdictOn(scene, 'jti-1')).toEqual({ kind: 'unknown', because: 'stale', everCurrent: true });
    scene.time.stepWall(-ms);
    expect(verdictOn(scene, 'jti-1').kind).toBe('unknown');
    await scene.time.advance(2_500);
    expect(verdictOn(scene, 'jti-1').kind).toBe('active');
  });

  it('calls nothing active when it wakes from a sleep in which a token was revoked', async () => {
    const scene = await aCurrentScene();
    revoke(scene, 'jti-1');
    scene.time.suspend(SCENE_BOUND_MS + 1);
    expect(verdictOn(scene, 'jti-1').kind).toBe('unknown');
    await scene.time.advance(2_500);
    expect(verdictOn(scene, 'jti-1').kind).toBe('revoked');
  });

  it('calls nothing active when it was stopped for longer than its bound', async () => {
    const scene = await aCurrentScene();
    revoke(scene, 'jti-1');
    scene.time.stop(SCENE_BOUND_MS + 1);
    expect(verdictOn(scene, 'jti-1').kind).toBe('unknown');
  });
});
