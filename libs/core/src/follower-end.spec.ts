import { describe, expect, it } from '@jest/globals';
import { AN_ISSUER, aCurrentScene, aScene, openEpoch, revoke, SCENE_BOUND_MS, verdictOn } from '@revocast/testing';
import { RevocationError } from './errors.js';
import { createIndex } from './compact-index.js';
import { epochMs } from './units.js';

describe('A follower that ends', () => {
  it('answers unknown before anybody hears of it, and closes the feed afterwards', async () => {
    const scene = await aCurrentScene();
    const heard: unknown[] = [];
    scene.follower.on((notice) => {
      heard.push(notice, scene.follower.freshness(AN_ISSUER, SCENE_BOUND_MS).fresh, scene.feed.isConnected);
    });
    await Promise.all([scene.follower.close(), scene.follower.close()]);
    expect(heard).toEqual([{ kind: 'status', state: 'failed', because: 'closed' }, false, true]);
    expect(scene.feed.isConnected).toBe(false);
    expect(scene.time.pending).toBe(0);
  });

  it.each([0, 1, 60, 130, 200, 270, 500])('may be closed %d ms after it began to start', async (ms) => {
    const scene = aScene();
    openEpoch(scene);
    scene.broker.faults = { travelMs: () => 30 };
    scene.follower.start();
    await scene.time.advance(ms);
    await scene.follower.close();
    revoke(scene, 'jti-1');
    await scene.time.advance(1_000);
    expect(scene.time.pending).toBe(0);
    expect(scene.follower.status()).toMatchObject({ state: 'failed', because: 'closed' });
    expect(verdictOn(scene, 'jti-1')).toMatchObject({ kind: 'unknown', because: 'failed' });
  });

  it('may be closed by its own listener, and never started again', async () => {
    const scene = aScene();
    openEpoch(scene);
    scene.follower.on(({ kind }) => void (kind === 'status' && scene.follower.close()));
    scene.follower.start();
    await scene.time.advance(1_000);
    scene.follower.start();
    await scene.time.advance(1_000);
    expect(scene.follower.status()).toMatchObject({ state: 'failed', because: 'closed', connected: false });
    expect(scene.time.pending).toBe(0);
  });

  it('fails for good when its index has no room, and still finds what it has', async () => {
    const full = createIndex({ hashKey: new Uint8Array(16) });
    const apply = full.apply.bind(full);
    full.apply = (revocation): void => {
      if (full.size(epochMs(0)).liveEntries > 0) throw new RevocationError('ERR_CAPACITY', 'The index is full.');
      apply(revocation);
    };
    const scene = await aCurrentScene({ index: full });
    revoke(scene, 'jti-1');
    revoke(scene, 'jti-2');
    await scene.time.advance(10);
    expect(scene.follower.status()).toMatchObject({ state: 'failed', because: 'ERR_CAPACITY', watermark: 2 });
    expect(verdictOn(scene, 'jti-1').kind).toBe('revoked');
    expect(verdictOn(scene, 'jti-2')).toMatchObject({ kind: 'unknown', because: 'failed' });
  });
});

describe('The index of a follower', () => {
  it('is reclaimed by the time of the newest tick, a slice at a time', async () => {
    const index = createIndex({ hashKey: new Uint8Array(16) });
    const reclaimed: unknown[] = [];
    index.reclaim = (now, newestTick, entriesMax): number => reclaimed.push([now, newestTick, entriesMax]);
    const scene = await aCurrentScene({ index });
    await scene.time.advance(3_000);
    expect(reclaimed).toEqual([]);
    const { time } = scene.broker.tick();
    await scene.time.advance(1_500);
    expect(reclaimed.length).toBeGreaterThan(0);
    expect(reclaimed[0]).toEqual([expect.any(Number), time, 1_024]);
  });
});
