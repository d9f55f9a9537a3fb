import { describe, expect, it } from '@jest/globals';
import { aCurrentScene, aScene, openEpoch, revoke, SCENE_BOUND_MS, untilCurrent, verdictOn } from '@revocast/testing';
import { sequence } from './units.js';

describe('A follower of a live feed', () => {
  it('reads what it missed while it was cut off for a second (D7)', async () => {
    const scene = await aCurrentScene();
    scene.feed.disconnect();
    revoke(scene, 'jti-missed');
    await scene.time.advance(1_000);
    expect(verdictOn(scene, 'jti-missed').kind).toBe('active');
    scene.feed.reconnect();
    await scene.time.advance(100);
    expect(verdictOn(scene, 'jti-missed').kind).toBe('revoked');
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 2 });
  });

  it('applies what comes after a lost record at once, and holds the watermark until the gap is filled (D7)', async () => {
    const scene = await aCurrentScene();
    scene.broker.faults = { deliver: () => [], refuses: () => true };
    revoke(scene, 'jti-lost');
    scene.broker.faults = { refuses: () => true };
    revoke(scene, 'jti-next');
    await scene.time.advance(500);
    expect(verdictOn(scene, 'jti-next').kind).toBe('revoked');
    expect(scene.follower.status()).toMatchObject({ watermark: 1, counters: { gaps: 1 } });
    scene.broker.faults = {};
    await scene.time.advance(5_000);
    expect(verdictOn(scene, 'jti-lost').kind).toBe('revoked');
    expect(scene.follower.status().watermark).toBe(3);
  });

  it('does not pass a sequence under which somebody sent the record before it, until it has read both', async () => {
    const scene = await aCurrentScene();
    scene.broker.faults = { deliver: () => [], refuses: (ask) => ask === 'read' };
    revoke(scene, 'jti-2');
    const late = scene.broker.log?.at(sequence(2));
    scene.broker.faults = { refuses: (ask) => ask === 'read' };
    scene.broker.inject({ ...late!, sequence: sequence(3) });
    scene.broker.faults = { deliver: () => [] };
    revoke(scene, 'jti-3');
    await scene.time.until(() => scene.follower.status().watermark === 3, 10_000, 1);
    expect(verdictOn(scene, 'jti-3').kind).toBe('revoked');
    expect(scene.follower.status().counters.resyncs).toBe(0);
  });

  it.each([
    ['the record before it', 1],
    ['two records', 2],
  ])('does not wait for a sequence that the log does not have, when somebody sent %s under it', async (_, copies) => {
    const scene = await aCurrentScene();
    scene.broker.faults = { deliver: () => [], refuses: (ask) => ask === 'read' };
    for (let at = 2; at <= 3; at += 1) revoke(scene, `jti-${at}`);
    const sent = scene.broker.log?.records().slice(-copies) ?? [];
    scene.broker.faults = { refuses: (ask) => ask === 'read' };
    for (const record of sent) scene.broker.inject({ ...record, sequence: sequence(6) });
    await scene.time.advance(3_000);
    scene.broker.faults = {};
    await scene.time.advance(SCENE_BOUND_MS + 5_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 3 });
  });

  it('lets the log alone fill a gap, whatever somebody sends under the sequence that is missing', async () => {
    const scene = await aCurrentScene();
    scene.broker.faults = { deliver: () => [], refuses: () => true };
    revoke(scene, 'jti-2');
    scene.broker.faults = { refuses: () => true };
    revoke(scene, 'jti-3');
    scene.broker.faults = { deliver: () => [], refuses: () => true };
    revoke(scene, 'jti-4');
    scene.broker.faults = { refuses: () => true };
    scene.broker.inject({ ...scene.broker.log!.at(sequence(4))!, sequence: sequence(2) });
    await scene.time.advance(100);
    // It takes effect, and says nothing of what stands there.
    expect(verdictOn(scene, 'jti-4').kind).toBe('revoked');
    expect(scene.follower.status().watermark).toBe(1);
    scene.broker.faults = {};
    await scene.time.until(() => scene.follower.status().watermark === 4, 10_000, 1);
    expect(verdictOn(scene, 'jti-2').kind).toBe('revoked');
    expect(scene.follower.status().counters.resyncs).toBe(0);
  });

  it('waits for no sequence under which somebody sent the record that opens the epoch', async () => {
    const scene = aScene();
    openEpoch(scene);
    revoke(scene, 'jti-2');
    scene.broker.faults = { refuses: (ask) => ask === 'read' };
    scene.follower.start();
    // It has heard the head, and has read nothing yet.
    await scene.time.advance(3_000);
    scene.broker.inject({ ...scene.broker.log!.at(sequence(1))!, sequence: sequence(7) });
    scene.broker.faults = {};
    await scene.time.advance(SCENE_BOUND_MS + 10_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 2 });
  });

  it('learns from a tick that the newest record was lost', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    scene.broker.faults = { deliver: () => [] };
    revoke(scene, 'jti-lost');
    scene.broker.tick();
    await scene.time.advance(200);
    expect(verdictOn(scene, 'jti-lost').kind).toBe('revoked');
  });

  it('holds the subscription before it is current, so that nothing falls in between', async () => {
    const scene = aScene({ stalenessMsMax: 300_000 });
    openEpoch(scene);
    scene.broker.faults = { travelMs: () => 400 };
    scene.follower.start();
    await untilCurrent(scene);
    revoke(scene, 'jti-new');
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-new').kind).toBe('revoked');
  });

  it('misses that record when it does not wait for the subscription: the test above can fail', async () => {
    const scene = aScene({ stalenessMsMax: 300_000 });
    openEpoch(scene);
    let travels = 0;
    // The subscription is on its way for a second; asks overtake it.
    scene.broker.faults = { travelMs: () => ((travels += 1) === 1 ? 1_000 : 10) };
    scene.feed.subscribed = () => Promise.resolve();
    scene.follower.start();
    await untilCurrent(scene);
    revoke(scene, 'jti-new');
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-new').kind).toBe('active');
  });

  it('changes nothing by an answer that was asked for over an earlier connection', async () => {
    const scene = await aCurrentScene();
    const original = scene.feed.head.bind(scene.feed);
    let answerLate: (() => void) | undefined;
    scene.feed.head = async (log) => {
      const head = await original(log);
      await new Promise<void>((resolve) => (answerLate = resolve));
      return head;
    };
    await scene.time.until(() => answerLate !== undefined);
    scene.feed.head = original;
    scene.feed.disconnect();
    const { stalenessMs } = scene.follower.status();
    answerLate?.();
    await scene.time.advance(0);
    expect(scene.follower.status().stalenessMs).toBe(stalenessMs);
  });

  it('does not take a record that came while it asked for the head for a rollback', async () => {
    const scene = await aCurrentScene();
    scene.broker.faults = { travelMs: () => 300 };
    const asked = scene.follower.status().stalenessMs ?? 0;
    await scene.time.until(() => (scene.follower.status().stalenessMs ?? 0) > asked + 1_700, 10_000, 10);
    revoke(scene, 'jti-meanwhile');
    await scene.time.advance(2_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 2, counters: { resyncs: 0 } });
  });

  it('asks again when the feed never answers', async () => {
    const scene = await aCurrentScene();
    const original = scene.feed.head.bind(scene.feed);
    scene.feed.head = () => new Promise(() => undefined);
    await scene.time.advance(15_000);
    expect(scene.follower.status().state).toBe('stale');
    scene.feed.head = original;
    await scene.time.advance(15_000);
    expect(scene.follower.status().state).toBe('current');
  });

  it('counts a listener that throws, and goes on', async () => {
    const scene = await aCurrentScene();
    scene.follower.on(() => {
      throw new Error('a listener of the host');
    });
    revoke(scene, 'jti-1');
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-1').kind).toBe('revoked');
    expect(scene.follower.status().counters.listenerErrors).toBe(1);
  });
});
