import { describe, expect, it } from '@jest/globals';
import {
  A_HASH_KEY,
  aCurrentScene,
  aRevocation,
  epochOpenedBody,
  type FollowerScene,
  revoke,
  revokedBody,
  SCENE_BOUND_MS,
  untilCurrent,
  verdictOn,
} from '@revocast/testing';
import { type FeedRecord } from './record.js';
import { CONFLICTS_MAX, VERIFY_RECORDS_MAX } from './follower-limits.js';
import { epochMs, sequence } from './units.js';

describe('A follower of a log that lost its memory', () => {
  it('keeps what it knew over a rollback, and is not current until it has read the log again', async () => {
    const scene = await aCurrentScene();
    revoke(scene, 'jti-lost');
    await scene.time.advance(10);
    scene.broker.faults = { travelMs: () => 50 };
    scene.broker.requiredLog().rollBackTo(1);
    await scene.time.until(() => scene.follower.status().because === 'rolledBack', 5_000, 1);
    expect(verdictOn(scene, 'jti-lost').kind).toBe('revoked');
    expect(verdictOn(scene, 'jti-other')).toMatchObject({ kind: 'unknown', because: 'stale' });
    await untilCurrent(scene);
    expect(verdictOn(scene, 'jti-lost').kind).toBe('revoked');
    expect(scene.follower.status()).toMatchObject({ watermark: 1, counters: { resyncs: 1 } });
  });

  it('notices a rollback when a sequence comes again with another record', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    revoke(scene, 'jti-2');
    revoke(scene, 'jti-3');
    await scene.time.advance(10);
    scene.broker.requiredLog().rollBackTo(1);
    revoke(scene, 'jti-new-2');
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-new-2').kind).toBe('revoked');
    expect(scene.follower.status().counters.regress).toBe(1);
    await scene.time.until(() => scene.follower.status().counters.resyncs === 1, 5_000);
    await untilCurrent(scene);
    expect(scene.follower.status().watermark).toBe(2);
  });

  it('notices that a record below its watermark was replaced while it was away', async () => {
    const scene = await aCurrentScene();
    revoke(scene, 'jti-2');
    await scene.time.advance(10);
    scene.feed.disconnect();
    scene.broker.requiredLog().rollBackTo(1);
    revoke(scene, 'jti-new-2');
    revoke(scene, 'jti-new-3');
    scene.feed.reconnect();
    await scene.time.until(() => scene.follower.status().counters.resyncs === 1, 5_000);
    await untilCurrent(scene);
    expect(verdictOn(scene, 'jti-new-2').kind).toBe('revoked');
  });

  it.each([
    ['recreated under its name', 'epoch-1'],
    ['replaced by a new epoch', 'epoch-2'],
  ])('unites what it knew with a log that was %s', async (_, epoch) => {
    const scene = await aCurrentScene();
    revoke(scene, 'jti-old');
    await scene.time.advance(10);
    scene.broker.createLog(epoch);
    scene.broker.tick({ time: epochMs(scene.time.wall() + 1) });
    await scene.time.until(() => scene.follower.status().because === 'logReplaced', 5_000);
    expect(verdictOn(scene, 'jti-old').kind).toBe('revoked');
    expect(verdictOn(scene, 'jti-other').kind).toBe('unknown');
    revoke(scene, 'jti-new');
    scene.broker.publish(epochOpenedBody({ hashKey: A_HASH_KEY.replaceAll('0', 'f') }));
    await untilCurrent(scene);
    expect(verdictOn(scene, 'jti-old').kind).toBe('revoked');
    expect(verdictOn(scene, 'jti-new').kind).toBe('revoked');
  });

  it('answers with its last proof while a log is gone, and no longer', async () => {
    const scene = await aCurrentScene();
    scene.broker.removeLog();
    await scene.time.advance(5_000);
    expect(verdictOn(scene, 'jti-1').kind).toBe('active');
    await scene.time.advance(SCENE_BOUND_MS);
    expect(verdictOn(scene, 'jti-1').kind).toBe('unknown');
  });
});

describe('A follower that is lied to', () => {
  it('does not move its watermark over a record that is sent again under a new sequence', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    const old = revoke(scene, 'jti-old');
    await scene.time.advance(10);
    scene.broker.faults = { deliver: () => [] };
    revoke(scene, 'jti-hidden');
    scene.broker.faults = {};
    scene.broker.inject({ ...old, sequence: sequence(3) });
    await scene.time.advance(10);
    expect(scene.follower.status().watermark).toBe(2);
    await scene.time.advance(3_000);
    expect(verdictOn(scene, 'jti-hidden').kind).toBe('revoked');
    expect(scene.follower.status().watermark).toBe(3);
  });

  /** The live feed loses `jti-hidden` at sequence 2; somebody sends the record of sequence 3 in its place. The log is busy. */
  const lieAbout = (scene: FollowerScene): FeedRecord => {
    scene.broker.faults = { deliver: () => [] };
    revoke(scene, 'jti-hidden');
    const twin = revoke(scene, 'jti-twin');
    scene.broker.faults = { travelMs: () => 10 };
    scene.broker.inject({ ...twin, sequence: sequence(2) });
    for (let more = 0; more < 3 * VERIFY_RECORDS_MAX; more += 1) revoke(scene, `jti-more-${more}`);
    return revoke(scene, 'jti-last');
  };

  it('finds a record out that was sent under the sequence of one that the live feed lost', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    lieAbout(scene);
    await scene.time.advance(10_000);
    expect(verdictOn(scene, 'jti-hidden').kind).toBe('revoked');
    await untilCurrent(scene);
  });

  it('finds it out also when it is distracted by a conflict that somebody invents', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    const last = lieAbout(scene);
    for (let turn = 0; turn < 2_000; turn += 1) {
      await scene.time.advance(5);
      scene.broker.inject({ ...last, identity: 'invented' });
    }
    expect(verdictOn(scene, 'jti-hidden').kind).toBe('revoked');
  });

  it('believes the log alone about what was stored while it was away', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    scene.feed.disconnect();
    revoke(scene, 'jti-hidden');
    for (let more = 0; more < 3 * VERIFY_RECORDS_MAX; more += 1) revoke(scene, `jti-more-${more}`);
    const last = revoke(scene, 'jti-last');
    scene.broker.faults = { travelMs: () => 10 };
    scene.feed.reconnect();
    for (let turn = 0; turn < 10; turn += 1) {
      await scene.time.advance(10);
      scene.broker.inject({ ...last, sequence: sequence(2) });
    }
    await scene.time.advance(10_000);
    expect(verdictOn(scene, 'jti-hidden').kind).toBe('revoked');
    expect(scene.follower.status().counters.resyncs).toBe(0);
    await untilCurrent(scene);
  });

  it('reads the log again when more is in conflict than is worth comparing', async () => {
    const scene = await aCurrentScene({ stalenessMsMax: 300_000 });
    const records = Array.from({ length: CONFLICTS_MAX + 1 }, (_, at) => revoke(scene, `jti-${at}`));
    await scene.time.advance(10);
    for (const record of records) scene.broker.inject({ ...record, identity: `not ${record.identity}` });
    await scene.time.advance(10);
    expect(scene.follower.status().counters.resyncs).toBe(1);
    await untilCurrent(scene);
    expect(scene.follower.status().watermark).toBe(CONFLICTS_MAX + 2);
  });

  it('does not move its watermark over an old record that it never saw', async () => {
    const scene = await aCurrentScene();
    const body = revokedBody(aRevocation({ key: { scope: 'token', jti: 'jti-old' } }));
    const time = epochMs(scene.time.wall() - 3_600_000);
    scene.broker.inject({ kind: 'record', identity: 'old', epoch: 'epoch-1', time, body, sequence: sequence(2) });
    await scene.time.advance(3_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 1, counters: { resyncs: 0 } });
  });

  it('asks the log about unsigned messages on the live feed, and goes by the answer', async () => {
    const scene = await aCurrentScene();
    scene.broker.inject({ kind: 'foreign', identity: 'digest', why: 'unsigned', sequence: sequence(2) });
    await scene.time.advance(3_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 1, counters: { foreign: 0 } });
  });

  it('keeps its record when the log confirms it against another one that was sent', async () => {
    const scene = await aCurrentScene();
    revoke(scene, 'jti-2');
    await scene.time.advance(10);
    const body = revokedBody(aRevocation({ key: { scope: 'token', jti: 'jti-sent' } }));
    const time = scene.time.wall();
    scene.broker.inject({ kind: 'record', identity: 'sent', epoch: 'epoch-1', time, body, sequence: sequence(2) });
    await scene.time.advance(3_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', counters: { regress: 1, resyncs: 0 } });
  });

  it('survives a sequence from far beyond the head', async () => {
    const scene = await aCurrentScene();
    const body = revokedBody(aRevocation({ key: { scope: 'token', jti: 'jti-far' } }));
    const time = scene.time.wall();
    scene.broker.inject({ kind: 'record', identity: 'far', epoch: 'epoch-1', time, body, sequence: sequence(9_999) });
    await scene.time.advance(10);
    revoke(scene, 'jti-next');
    await scene.time.advance(5_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 2 });
    expect(verdictOn(scene, 'jti-next').kind).toBe('revoked');
  });

  it('marks a record that it dropped as lying above the head when the log has it after all', async () => {
    const scene = await aCurrentScene();
    const body = revokedBody(aRevocation({ key: { scope: 'token', jti: 'jti-3' } }));
    const time = scene.time.wall();
    scene.broker.inject({ kind: 'record', identity: 'third', epoch: 'epoch-1', time, body, sequence: sequence(3) });
    await scene.time.advance(3_000);
    scene.broker.faults = { deliver: () => [] };
    revoke(scene, 'jti-2');
    scene.broker.publish(body, 'third');
    await scene.time.advance(3_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 3 });
  });

  it('passes over foreign records in the log and counts them (D12)', async () => {
    const scene = await aCurrentScene();
    scene.broker.place({ kind: 'foreign', identity: 'digest', why: 'wrongKey' });
    revoke(scene, 'jti-1');
    await scene.time.advance(3_000);
    expect(scene.follower.status()).toMatchObject({ state: 'current', watermark: 3, counters: { foreign: 1 } });
    expect(verdictOn(scene, 'jti-1').kind).toBe('revoked');
  });
});
