import { describe, expect, it } from '@jest/globals';
import {
  AN_ISSUER,
  aCurrentScene,
  anIssuer,
  aUniqueId,
  type FollowerScene,
  openEpoch,
  revoke,
  SCENE_BOUND_MS,
  tokenOf,
  type WrittenSnapshot,
} from '@revocast/testing';
import { createFollower } from './create-follower.js';
import { type Follower, type FollowerOptions } from './follower.js';
import { type SnapshotContent } from './snapshot.js';
import { epochMs, sequence } from './units.js';
import { decide } from './verdict.js';

const REVOKED = 100;
const RECORDS_MIN = 8;

interface ColdStart {
  readonly follower: Follower;
  /** Sequences that were read from the log. */
  readonly reads: number[];
}

/** A node that starts beside the one of the scene. */
const startCold = ({ time, broker }: FollowerScene, options: Partial<FollowerOptions> = {}): ColdStart => {
  const feed = broker.createFeed();
  const reads: number[] = [];
  const read = feed.read.bind(feed);
  feed.read = (log, from, to) => {
    for (let at = from as number; at <= to; at += 1) reads.push(at);
    return read(log, from, to);
  };
  const follower = createFollower({
    ...{ feed, clock: time, schedule: time.schedule, prng: () => 0.5, issuers: [anIssuer()] },
    ...{ stalenessMsMax: SCENE_BOUND_MS, snapshotRecordsMin: RECORDS_MIN, ...options },
  });
  follower.start();
  return { follower, reads };
};

const isCurrent = ({ time }: FollowerScene, { follower }: ColdStart): Promise<void> =>
  time.until(() => follower.status().state === 'current');

const verdict = ({ follower }: ColdStart, jti: string, issuer = AN_ISSUER): string =>
  decide(follower, tokenOf(jti, issuer), SCENE_BOUND_MS).kind;

const contentOf = ({ follower }: FollowerScene): SnapshotContent => {
  const content = follower.snapshot();
  if (content === undefined) throw new Error('the follower has nothing to write');
  return content;
};

/** A log of 100 revocations and its snapshot. */
const aSnapshotScene = async (): Promise<FollowerScene> => {
  const scene = await aCurrentScene();
  for (let at = 1; at <= REVOKED; at += 1) revoke(scene, `jti-${at}`);
  await scene.time.advance(100);
  scene.broker.writeSnapshot(contentOf(scene));
  return scene;
};

const newest = ({ broker }: FollowerScene): WrittenSnapshot => {
  const [snapshot] = broker.snapshots;
  if (snapshot === undefined) throw new Error('there is no snapshot');
  return snapshot;
};

/** Puts another manifest in the place of the newest one. */
const rewrite = (scene: FollowerScene, change: Partial<SnapshotContent>): void => {
  scene.broker.writeSnapshot({ ...contentOf(scene), ...change });
};

describe('A follower that starts with a snapshot', () => {
  it('knows what it covers without reading it from the log, and reads what came later', async () => {
    const scene = await aSnapshotScene();
    revoke(scene, 'jti-later');
    const node = startCold(scene);
    await isCurrent(scene, node);
    for (const jti of ['jti-1', 'jti-20', `jti-${REVOKED}`, 'jti-later']) expect(verdict(node, jti)).toBe('revoked');
    expect(verdict(node, 'jti-other')).toBe('active');
    expect(node.follower.status()).toMatchObject({
      epoch: 'epoch-1',
      watermark: REVOKED + 2,
      liveEntries: REVOKED + 1,
    });
    expect(node.follower.status().identity).toBe(scene.follower.status().identity);
  });

  it('applies what is published while the parts are under way (D6)', async () => {
    const scene = await aSnapshotScene();
    scene.broker.faults = { travelMs: () => 50 };
    const node = startCold(scene);
    await scene.time.advance(380);
    expect(node.follower.status().state).toBe('catchingUp');
    revoke(scene, 'jti-meanwhile');
    await isCurrent(scene, node);
    expect(verdict(node, 'jti-meanwhile')).toBe('revoked');
    expect(verdict(node, 'jti-1')).toBe('revoked');
  });

  it('goes on after a cut', async () => {
    const scene = await aSnapshotScene();
    scene.broker.faults = { travelMs: () => 50 };
    const feed = scene.broker.createFeed();
    const node = startCold(scene, { feed });
    for (let cut = 1; cut <= 5; cut += 1) {
      await scene.time.advance(230);
      feed.disconnect();
      await scene.time.advance(100);
      feed.reconnect();
    }
    await isCurrent(scene, node);
    expect(verdict(node, 'jti-1')).toBe('revoked');
  });

  it('keeps an issuer unknown whose record was unreadable, and settings declared, below its watermark (D12)', async () => {
    const scene = await aCurrentScene();
    const settings = anIssuer({ maxLifetimeSeconds: 60 });
    scene.broker.publish({ kind: 'settingsDeclared', version: 1, settings });
    scene.broker.place({ kind: 'unreadable', identity: 'unreadable-1', issuer: 'https://b.example', why: 'malformed' });
    scene.broker.place({ kind: 'unreadable', identity: 'unreadable-2', issuer: 'https://c.example', why: 'malformed' });
    scene.broker.publish({ kind: 'voided', recordId: 'unreadable-2' });
    for (let at = 1; at <= REVOKED; at += 1) revoke(scene, `jti-${at}`);
    await scene.time.advance(3_000);
    scene.broker.writeSnapshot(contentOf(scene));
    const issuers = ['https://b.example', 'https://c.example', AN_ISSUER].map((issuer) => anIssuer({ issuer }));
    const node = startCold(scene, { issuers });
    await isCurrent(scene, node);
    expect(node.reads).not.toContain(2);
    expect(decide(node.follower, tokenOf('x', 'https://b.example'), SCENE_BOUND_MS)).toMatchObject({
      because: 'issuerUnreadable',
    });
    expect(verdict(node, 'x', 'https://c.example')).toBe('active');
    expect(decide(node.follower, tokenOf('x'), SCENE_BOUND_MS)).toMatchObject({ because: 'issuerSettings' });
  });

  it('asks for none where the log is short, and for none again after it was current', async () => {
    const scene = await aSnapshotScene();
    const asked: string[] = [];
    scene.broker.faults = { refuses: (ask) => (asked.push(ask), false) };
    await isCurrent(scene, startCold(scene, { snapshotRecordsMin: 1_000 }));
    openEpoch(scene, 'epoch-2');
    await scene.time.advance(5_000);
    expect(asked.filter((ask) => ask.startsWith('snapshot'))).toEqual([]);
  });
});

describe('A snapshot that cannot be trusted leaves the log to be read, and nothing is missed:', () => {
  /** What a node that starts now calls the tokens, and whether it read the log from its start. */
  const startsWith = async (scene: FollowerScene): Promise<readonly unknown[]> => {
    const node = startCold(scene);
    await isCurrent(scene, node);
    return [verdict(node, 'jti-1'), verdict(node, `jti-${REVOKED}`), node.reads.includes(1)];
  };
  const ALL = ['revoked', 'revoked', true];

  it('there is none', async () => {
    const scene = await aSnapshotScene();
    scene.broker.faults = { refuses: (ask) => ask === 'snapshot' };
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('a part is gone', async () => {
    const scene = await aSnapshotScene();
    newest(scene).parts.pop();
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('a byte of a part is another', async () => {
    const scene = await aSnapshotScene();
    const { parts } = newest(scene);
    parts[0] = Uint8Array.from(parts[0] ?? []);
    parts[0][parts[0].length >> 1] = (parts[0][parts[0].length >> 1] ?? 0) ^ 1;
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('with fewer parts than its writer made', async () => {
    const scene = await aSnapshotScene();
    const image = [...contentOf(scene).image()];
    rewrite(scene, { image: () => image.slice(0, -1) });
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('of another epoch', async () => {
    const scene = await aSnapshotScene();
    rewrite(scene, { epoch: 'epoch-0' });
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('made under another hash key than its manifest says', async () => {
    const scene = await aSnapshotScene();
    rewrite(scene, { hashKey: 'ff'.repeat(16) });
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('newer than the log', async () => {
    const scene = await aSnapshotScene();
    rewrite(scene, { watermark: sequence(REVOKED + 5) });
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it('what follows it has aged out', async () => {
    const scene = await aSnapshotScene();
    for (let at = 1; at <= REVOKED; at += 1) revoke(scene, `jti-${at}`);
    scene.broker.publish({ kind: 'epochOpened', previous: undefined, entries: 0, hashKey: contentOf(scene).hashKey });
    scene.broker.requiredLog().ageOut(REVOKED + 2);
    const node = startCold(scene);
    await isCurrent(scene, node);
    expect(node.reads).toContain(REVOKED + 2);
    expect(verdict(node, 'jti-1')).toBe('revoked');
  });

  it('a wrong clock made its writer forget what may still hit', async () => {
    const scene = await aSnapshotScene();
    rewrite(scene, { reclaimedTo: epochMs(scene.time.wall() + 1) });
    expect(await startsWith(scene)).toEqual(ALL);
  });

  it.each([1, 2, 30])('the log lost its last %i records since, and others stand in their place', async (lost) => {
    const scene = await aSnapshotScene();
    const log = scene.broker.requiredLog();
    const records = log.records().slice(-lost);
    log.rollBackTo(log.last - lost);
    revoke(scene, 'jti-in-place');
    // The others come again, as a service does that had no word of them: the last one stands where it stood.
    for (const record of records.slice(1)) log.append(record);
    revoke(scene, `jti-${REVOKED}`);
    const node = startCold(scene);
    await isCurrent(scene, node);
    expect(verdict(node, 'jti-in-place')).toBe('revoked');
    expect(verdict(node, `jti-${REVOKED}`)).toBe('revoked');
    expect(node.reads).toContain(1);
  });
});

describe('What a follower would write as a snapshot', () => {
  it('is nothing before it is current, and nothing once it may be behind', async () => {
    const scene = await aSnapshotScene();
    const node = startCold(scene);
    expect(node.follower.snapshot()).toBeUndefined();
    await isCurrent(scene, node);
    expect(node.follower.snapshot()).toMatchObject({ watermark: REVOKED + 1, liveEntries: REVOKED });
    scene.broker.faults = { refuses: () => true };
    await scene.time.advance(SCENE_BOUND_MS + 1);
    expect(node.follower.snapshot()).toBeUndefined();
  });

  it('is nothing when it remembers fewer unreadable records than there were', async () => {
    const scene = await aCurrentScene();
    for (let at = 1; at <= 1_025; at += 1) {
      const identity = aUniqueId('unreadable');
      scene.broker.place({ kind: 'unreadable', identity, issuer: 'https://b.example', why: 'malformed' });
    }
    await scene.time.advance(10_000);
    expect(scene.follower.status().state).toBe('current');
    expect(scene.follower.snapshot()).toBeUndefined();
  });

  it('is written by a node that began with a snapshot as well', async () => {
    const scene = await aSnapshotScene();
    const second = startCold(scene);
    await isCurrent(scene, second);
    const content = second.follower.snapshot();
    if (content === undefined) throw new Error('nothing to write');
    scene.broker.writeSnapshot(content);
    const third = startCold(scene);
    await isCurrent(scene, third);
    expect(verdict(third, 'jti-1')).toBe('revoked');
    expect(third.follower.status().liveEntries).toBe(REVOKED);
  });
});
