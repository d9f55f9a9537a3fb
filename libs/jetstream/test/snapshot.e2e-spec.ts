import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, jetstream } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import {
  epochMs,
  type Feed,
  type LogIdentity,
  type SnapshotContent,
  type SnapshotManifest,
  sequence,
} from '@revocast/core';
import {
  createSigner,
  generateSigningKey,
  type NatsSettings,
  type Publisher,
  SIGNATURE_HEADER,
} from '@revocast/jetstream';
import { A_HASH_KEY, anIssuer, eventually, startTestNats, type TestNats } from '@revocast/testing';
import { connectedPublisher, subscribedFeed } from './support.js';

const STREAM = 'REVOCAST_SNAP';
const HOUR_MS = 3_600_000;
const unavailable = expect.objectContaining({ code: 'ERR_LOG_UNAVAILABLE' });

describe('a snapshot on NATS', () => {
  let server: TestNats;
  let nats: NatsSettings;
  let publisher: Publisher;
  let feed: Feed;
  let log: LogIdentity;
  /** What an administrator or an attacker in the same account could do. */
  let raw: NatsConnection;

  const aContent = (parts: readonly Uint8Array[], changes: Partial<SnapshotContent> = {}): SnapshotContent => ({
    log,
    epoch: 'e1',
    watermark: sequence(700),
    identities: [
      { sequence: sequence(699), identity: 'record-699' },
      { sequence: sequence(700), identity: 'record-700' },
    ],
    newestRecord: epochMs(1_700_000_000_000),
    hashKey: A_HASH_KEY,
    settings: [{ version: 3, settings: anIssuer() }],
    unreadable: [
      { id: 'unreadable-1', issuer: 'https://b.example' },
      { id: 'unreadable-2', issuer: undefined },
    ],
    voids: ['unreadable-3'],
    reclaimedTo: epochMs(Date.now() - HOUR_MS),
    liveEntries: 1_000,
    image: () => parts,
    ...changes,
  });

  const write = (parts: readonly Uint8Array[], changes?: Partial<SnapshotContent>): Promise<SnapshotManifest> =>
    publisher.writeSnapshot(aContent(parts, changes), () => true);

  const stored = async (): Promise<number> => {
    const { streams } = await jetstreamManager(raw);
    return (await streams.info(STREAM)).state.messages;
  };

  beforeAll(async () => {
    server = await startTestNats();
    nats = { servers: [server.url] };
    publisher = await connectedPublisher(nats);
    raw = await connect({ servers: server.url });
    log = await publisher.createLog('e1');
    ({ feed } = await subscribedFeed(nats));
  });

  afterAll(async () => {
    await raw.close();
    await server.dispose();
  });

  it('is not there before the first was written, and nobody waits for it', async () => {
    expect(await feed.snapshot(log)).toBeUndefined();
    expect(await publisher.newestSnapshot('e1')).toBeUndefined();
  });

  it('is read as it was written, part by part', async () => {
    const parts = [randomBytes(1_000_000), randomBytes(10), new Uint8Array(0)];
    const written = await write(parts);
    const { log: _log, image: _image, ...framing } = aContent(parts);
    expect(written).toMatchObject({ ...framing, reclaimedTo: expect.any(Number) });
    // A direct get may come before the copy that answers it knows what was acknowledged.
    await eventually(async () => expect(await feed.snapshot(log)).toEqual(written));
    const read = await Promise.all(parts.map((_, at) => feed.snapshotPart(written, at)));
    expect(read.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
      parts.map((bytes) => Buffer.from(bytes).toString('hex')),
    );
  });

  it('is of one epoch alone', async () => {
    expect(await feed.snapshot({ ...log, epoch: 'e2' })).toBeUndefined();
  });

  it('stays readable while the next is written, and goes with the one after it', async () => {
    const first = await write([randomBytes(10), randomBytes(20)]);
    const second = await write([randomBytes(30)]);
    expect(await feed.snapshotPart(first, 1)).toHaveLength(20);
    const third = await write([randomBytes(40)]);
    await expect(feed.snapshotPart(first, 1)).rejects.toEqual(unavailable);
    expect(await feed.snapshotPart(second, 0)).toHaveLength(30);
    expect(await feed.snapshot(log)).toEqual(third);
    expect(await stored()).toBe(4);
  });

  it('can be written by two at once: each names its own parts', async () => {
    const other = await connectedPublisher(nats);
    const slowly = function* (): Generator<Uint8Array> {
      for (let at = 0; at < 20; at += 1) yield randomBytes(100);
    };
    const both = await Promise.all([
      publisher.writeSnapshot(aContent([], { image: slowly }), () => true),
      other.writeSnapshot(aContent([], { image: slowly }), () => true),
    ]);
    const newest = await feed.snapshot(log);
    expect(both).toContainEqual(newest);
    if (newest === undefined) throw new Error('there is no snapshot');
    for (const at of newest.parts.keys()) expect(await feed.snapshotPart(newest, at)).toHaveLength(100);
  });

  it('does not count when the log changed while it was written', async () => {
    const before = await feed.snapshot(log);
    await expect(publisher.writeSnapshot(aContent([randomBytes(10)]), () => false)).rejects.toEqual(unavailable);
    expect(await feed.snapshot(log)).toEqual(before);
  });

  it('is not written by a process that a wrong clock made forget too much', async () => {
    const before = await feed.snapshot(log);
    const reclaimedTo = epochMs(Date.now() - HOUR_MS + 120_000);
    await expect(write([randomBytes(10)], { reclaimedTo })).rejects.toEqual(unavailable);
    expect(await feed.snapshot(log)).toEqual(before);
  });

  it('is not read when a part is another than the manifest names', async () => {
    const { seq } = await jetstream(raw).publish('revocast.snap.part', randomBytes(10));
    const manifest = await write([randomBytes(10)]);
    const [part] = manifest.parts;
    if (part === undefined) throw new Error('no part');
    const swapped = { ...manifest, parts: [{ ...part, sequence: sequence(seq) }] };
    await expect(feed.snapshotPart(swapped, 0)).rejects.toEqual(unavailable);
    await expect(feed.snapshotPart({ ...manifest, parts: [{ ...part, bytes: 9 }] }, 0)).rejects.toEqual(unavailable);
    await expect(feed.snapshotPart(manifest, 1)).rejects.toEqual(unavailable);
  });

  it('counts only with a manifest of ours (D15)', async () => {
    const manifest = await write([randomBytes(10)]);
    const { streams } = await jetstreamManager(raw);
    const message = await streams.getMessage(STREAM, { last_by_subj: 'revocast.snap.manifest' });
    if (message === null) throw new Error('no manifest');
    const forged = message.string().replace('"watermark":700', '"watermark":701');
    const signature = message.header.last(SIGNATURE_HEADER);
    const stranger = createSigner(generateSigningKey('test-1')).sign(new TextEncoder().encode(forged));
    for (const header of [signature, stranger, '']) {
      const all = headers();
      if (header !== '') all.set(SIGNATURE_HEADER, header);
      await jetstream(raw).publish('revocast.snap.manifest', forged, { headers: all });
      expect(await feed.snapshot(log)).toBeUndefined();
    }
    await jetstream(raw).publish('revocast.snap.manifest', message.data, { headers: message.header });
    expect(await feed.snapshot(log)).toEqual(manifest);
  });
});
