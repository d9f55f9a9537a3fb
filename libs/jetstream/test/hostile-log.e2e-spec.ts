import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { type Feed, type LogIdentity, sequence } from '@revocast/core';
import {
  createSigner,
  encodeRecord,
  type EncodedRecord,
  generateSigningKey,
  type NatsSettings,
  type Publisher,
} from '@revocast/jetstream';
import { aUniqueId, startTestNats, type TestNats } from '@revocast/testing';
import { anEncodedRecord, aRecord, connectedPublisher, type Heard, signer, subscribedFeed, until } from './support.js';

/** Somebody who got into the account of the log, or holds rights there that he should not have. */
describe('in a log that others write to', () => {
  let server: TestNats;
  let nats: NatsSettings;
  let stranger: NatsConnection;
  let namespace: string;
  let publisher: Publisher;
  let log: LogIdentity;
  let feed: Feed;
  let heard: Heard;

  beforeAll(async () => {
    server = await startTestNats();
    nats = { servers: [server.url] };
    stranger = await connect({ servers: server.url });
  }, 60_000);
  afterAll(async () => {
    await stranger.close();
    await server.dispose();
  });

  beforeEach(async () => {
    namespace = aUniqueId('hostile');
    publisher = await connectedPublisher(nats, { namespace });
    log = await publisher.createLog('e1');
    ({ feed, heard } = await subscribedFeed(nats, { namespace }));
  });
  afterEach(() => Promise.all([feed.close(), publisher.close()]));

  const ours = (): EncodedRecord => anEncodedRecord('e1', namespace);
  const withHeaders = (fields: Readonly<Record<string, string>>): MsgHdrs => {
    const all = headers();
    for (const [name, value] of Object.entries(fields)) all.append(name, value);
    return all;
  };
  const store = async (payload: Uint8Array | string, fields: Readonly<Record<string, string>> = {}): Promise<number> =>
    (await jetstream(stranger).publish(`${namespace}.log.subject`, payload, { headers: withHeaders(fields) })).seq;
  const signed = (record: EncodedRecord): Readonly<Record<string, string>> => ({
    'Revocast-Signature': record.signature,
  });

  it('only our records count, live and read alike (D15)', async () => {
    const record = ours();
    const byStranger = encodeRecord({ ...aRecord('e1'), namespace }, createSigner(generateSigningKey('stranger')));
    const elsewhere = encodeRecord({ ...aRecord('e1'), namespace: 'elsewhere' }, signer);
    const earlier = anEncodedRecord('e0', namespace);
    await store('{ not even JSON');
    await store(record.payload);
    for (const other of [byStranger, elsewhere, earlier]) await store(other.payload, signed(other));
    await publisher.publish(record);
    await until('all six arrive', () => heard.records.length === 6);
    const read = await feed.read(log, sequence(1), sequence(6));
    const whys = read.map((entry) => (entry.kind === 'foreign' ? entry.why : entry.kind));
    expect(whys).toEqual(['unsigned', 'unsigned', 'wrongKey', 'namespace', 'epoch', 'record']);
    // The live feed does not know which epoch is current, the follower does: it is told the epoch.
    expect(heard.records.map(({ identity }) => identity)).toEqual(read.map(({ identity }) => identity));
    expect(heard.records[4]).toMatchObject({ kind: 'record', epoch: 'e0' });
  });

  it('a forged sequence does not move a record: the broker has the last word', async () => {
    const record = ours();
    const forged = { 'Nats-Sequence': '999999', 'Nats-Stream': 'elsewhere', 'Nats-Time-Stamp': '2000-01-01T00:00:00Z' };
    const at = await store(record.payload, { ...signed(record), ...forged });
    await until('it arrives', () => heard.records.length === 1);
    expect(heard.records[0]).toMatchObject({ kind: 'record', sequence: at, identity: record.id });
    expect(await feed.read(log, sequence(at), sequence(at))).toEqual(heard.records);
  });

  it('a record of ours that is stored again keeps its identity at its new sequence', async () => {
    const record = ours();
    const { sequence: first } = await publisher.publish(record);
    const again = await store(record.payload, signed(record));
    expect(again).toBe(first + 1);
    const read = await feed.read(log, first, sequence(again));
    expect(read.map(({ identity }) => identity)).toEqual([record.id, record.id]);
    expect(read[1]).toEqual({ ...read[0], sequence: again });
  });

  it('what never was in a log is not told, and a sequence that is none is not taken', async () => {
    const record = ours();
    for (const at of ['', '0', '-1', '1.5', '1e3', '9007199254740993', 'one']) {
      stranger.publish(`${namespace}.live.subject`, record.payload, {
        headers: withHeaders({ ...signed(record), ...(at === '' ? {} : { 'Nats-Sequence': at }) }),
      });
    }
    await stranger.flush();
    const { sequence: at } = await publisher.publish(record);
    await until('the stored record arrives', () => heard.records.length > 0);
    expect(heard.records.map((entry) => entry.sequence)).toEqual([at]);
  });

  it('a hole inside the log makes a read fail and is never left out in silence', async () => {
    const bare = aUniqueId('hole');
    const { streams } = await jetstreamManager(stranger);
    const name = `${bare.toUpperCase()}_LOG_e1`;
    const { created } = await streams.add({ name, subjects: [`${bare}.log.>`], allow_direct: true });
    for (let n = 1; n <= 3; n++) await jetstream(stranger).publish(`${bare}.log.subject`, `${n}`);
    await streams.deleteMessage(name, 2);
    const holed = { name, epoch: 'e1', created };
    await expect(feed.read(holed, sequence(1), sequence(3))).rejects.toMatchObject({ code: 'ERR_LOG_UNAVAILABLE' });
    expect(await feed.read(holed, sequence(3), sequence(3))).toHaveLength(1);
  });

  it('a log that cannot be read by direct get is not available, rather than empty', async () => {
    const bare = aUniqueId('indirect');
    const { streams } = await jetstreamManager(stranger);
    const name = `${bare.toUpperCase()}_LOG_e1`;
    const { created } = await streams.add({ name, subjects: [`${bare}.log.>`], allow_direct: false });
    await jetstream(stranger).publish(`${bare}.log.subject`, 'x');
    const closed = { name, epoch: 'e1', created };
    await expect(feed.read(closed, sequence(1), sequence(1))).rejects.toMatchObject({ code: 'ERR_LOG_UNAVAILABLE' });
  });

  it('a log that was made anew under the old name has another identity, and is not read as the old one', async () => {
    await publisher.publish(ours());
    await publisher.publish(ours());
    await publisher.removeLog(log);
    const anew = await publisher.createLog('e1');
    await publisher.publish(ours());
    expect(anew.created).not.toBe(log.created);
    expect((await feed.head(log)).log).toEqual(anew);
    await expect(feed.read(log, sequence(1), sequence(2))).rejects.toMatchObject({ code: 'ERR_LOG_UNAVAILABLE' });
    await until('the live feed goes on, and shows the sequence anew', () => heard.records.length === 3);
    expect(heard.records.map((entry) => entry.sequence)).toEqual([1, 2, 1]);
  });
});

describe('in a log whose records age', () => {
  it('what has aged out is absent, and what has not is there', async () => {
    const server = await startTestNats();
    const nats = { servers: [server.url] };
    const publisher = await connectedPublisher(nats, { maxAgeSeconds: 1 });
    const log = await publisher.createLog('e1');
    const { feed } = await subscribedFeed(nats);
    for (let n = 1; n <= 300; n++) await publisher.publish(anEncodedRecord('e1'));
    let first = 1;
    const askedFor = setInterval(() => void feed.head(log).then((head) => (first = head.first)), 50);
    await until('they age out', () => first > 300);
    clearInterval(askedFor);
    await publisher.raiseRetention(log);
    const { sequence: at } = await publisher.publish(anEncodedRecord('e1'));
    expect((await feed.read(log, sequence(1), at)).map((record) => record.sequence)).toEqual([at]);
    await Promise.all([feed.close(), publisher.close()]);
    await server.dispose();
  }, 30_000);
});
