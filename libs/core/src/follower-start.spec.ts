import { describe, expect, it } from '@jest/globals';
import {
  aCurrentScene,
  aRevocation,
  aScene,
  epochOpenedBody,
  type FollowerScene,
  openEpoch,
  revoke,
  revokedBody,
  untilCurrent,
  verdictOn,
} from '@revocast/testing';
import { HINTED_ASK_EVERY_MS } from './follower-limits.js';
import { createIndex } from './plain-index.js';
import { epochMs } from './units.js';

describe('A follower that starts', () => {
  it('is not current while the broker is down, and calls nothing active (D5)', async () => {
    const scene = aScene();
    openEpoch(scene);
    scene.feed.disconnect();
    scene.follower.start();
    await scene.time.advance(60_000);
    expect(scene.follower.status()).toMatchObject({ state: 'connecting', because: 'disconnected', everCurrent: false });
    expect(verdictOn(scene, 'jti-1')).toEqual({ kind: 'unknown', because: 'neverCurrent', everCurrent: false });
    scene.feed.reconnect();
    await untilCurrent(scene);
    expect(verdictOn(scene, 'jti-1')).toEqual({ kind: 'active', watermark: 1 });
  });

  it('knows everything that was revoked before it was born', async () => {
    const scene = aScene();
    openEpoch(scene);
    for (let at = 1; at <= 1_500; at += 1) revoke(scene, `jti-${at}`);
    scene.follower.start();
    await untilCurrent(scene);
    expect(scene.follower.status()).toMatchObject({ watermark: 1_501, liveEntries: 1_500 });
    for (const jti of ['jti-1', 'jti-777', 'jti-1500']) expect(verdictOn(scene, jti).kind).toBe('revoked');
  });

  it('applies a revocation that is published while it reads the log (D6)', async () => {
    const scene = aScene();
    openEpoch(scene);
    for (let at = 1; at <= 2_000; at += 1) revoke(scene, `jti-${at}`);
    scene.broker.faults = { travelMs: () => 50 };
    scene.follower.start();
    await scene.time.until(() => scene.follower.status().watermark > 0, 5_000, 5);
    expect(scene.follower.status().watermark).toBeLessThan(2_001);
    revoke(scene, 'jti-new');
    await scene.time.advance(1);
    expect(verdictOn(scene, 'jti-new').kind).toBe('revoked');
    await untilCurrent(scene);
    expect(scene.follower.status().watermark).toBe(2_002);
  });

  it.each([
    ['there is no log', 'noLog', () => undefined],
    [
      'the epoch of the log is not opened',
      'epochNotOpened',
      ({ broker }: FollowerScene) => void broker.createLog('epoch-1'),
    ],
    [
      'the log was opened for another epoch',
      'epochNotOpened',
      ({ broker }: FollowerScene): void => {
        broker.createLog('epoch-1');
        const body = epochOpenedBody();
        broker.place({ kind: 'record', identity: 'elsewhere', epoch: 'epoch-0', time: epochMs(0), body });
      },
    ],
  ])('says so and is never current while %s (D16)', async (_, because, prepare) => {
    const scene = aScene();
    prepare(scene);
    scene.follower.start();
    await scene.time.advance(30_000);
    expect(scene.follower.status()).toMatchObject({ state: 'catchingUp', because, everCurrent: false });
  });

  it('looks for the log soon after it hears a tick, however long it looked in vain', async () => {
    const scene = aScene({ prng: () => 0.999 });
    scene.follower.start();
    await scene.time.advance(60_000);
    openEpoch(scene);
    scene.broker.tick();
    await scene.time.advance(HINTED_ASK_EVERY_MS);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 1 });
  });

  it('finds the hash key at the end of a log that was published again, and then applies all of it', async () => {
    const scene = aScene();
    scene.broker.createLog('epoch-2');
    for (let at = 1; at <= 600; at += 1) revoke(scene, `jti-${at}`);
    scene.broker.publish(epochOpenedBody({ previous: 'epoch-1', entries: 600 }));
    scene.follower.start();
    await untilCurrent(scene);
    expect(scene.follower.status()).toMatchObject({ epoch: 'epoch-2', watermark: 601, liveEntries: 600 });
  });

  it('is current soon after the epoch it waits for is opened', async () => {
    const scene = aScene({ stalenessMsMax: 300_000 });
    scene.broker.createLog('epoch-1');
    scene.follower.start();
    await scene.time.until(() => scene.follower.status().because === 'epochNotOpened');
    await scene.time.advance(5_000);
    scene.broker.publish(epochOpenedBody());
    await scene.time.advance(2_000);
    expect(scene.follower.status().state).toBe('current');
  });

  it('begins where the log begins when older records have aged out', async () => {
    const scene = aScene();
    scene.broker.createLog('epoch-1');
    for (let at = 1; at <= 20; at += 1) revoke(scene, `jti-${at}`);
    scene.broker.publish(epochOpenedBody());
    scene.broker.requiredLog().ageOut(11);
    scene.follower.start();
    await untilCurrent(scene);
    expect(scene.follower.status()).toMatchObject({ watermark: 21, liveEntries: 10 });
  });

  it('fills an index that it was given, under whatever hash key', async () => {
    const index = createIndex({ hashKey: new Uint8Array(16).fill(9) });
    index.apply(aRevocation({ key: { scope: 'token', jti: 'jti-old' } }));
    const scene = await aCurrentScene({ index });
    revoke(scene, 'jti-new');
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-old').kind).toBe('revoked');
    expect(verdictOn(scene, 'jti-new').kind).toBe('revoked');
  });

  it('gives the process its turn between slices of a large log', async () => {
    const scene = aScene();
    openEpoch(scene);
    for (let record = 1; record <= 10; record += 1) {
      const many = Array.from({ length: 1_000 }, (_, at) =>
        aRevocation({ key: { scope: 'token', jti: `jti-${record}-${at}` } }),
      );
      scene.broker.publish(revokedBody(...many));
    }
    const watermarks = new Set<number>();
    const watch = (turns: number): void => {
      watermarks.add(scene.follower.status().watermark);
      if (turns > 0) scene.time.schedule(0, () => watch(turns - 1));
    };
    scene.follower.start();
    watch(100);
    await untilCurrent(scene);
    expect(watermarks.size).toBeGreaterThan(2);
    expect(scene.follower.status().liveEntries).toBe(10_000);
  });

  it('tells listeners what it read as replayed and what is new as new', async () => {
    const scene = aScene();
    openEpoch(scene);
    revoke(scene, 'jti-old');
    scene.follower.start();
    await untilCurrent(scene);
    revoke(scene, 'jti-new');
    await scene.time.advance(10);
    const told = scene.notices.flatMap((notice) =>
      notice.kind === 'applied' ? [[notice.sequence, notice.replayed]] : [],
    );
    expect(told).toEqual([
      [2, true],
      [3, false],
    ]);
  });
});
