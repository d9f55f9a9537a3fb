import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Feed, type LogIdentity, sequence } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { eventually, freePort, startTestNats, type TestNats } from '@revocast/testing';
import { aFeed, anEncodedRecord, connectedPublisher, Heard, until } from './support.js';

const LEAF = { hubDomain: 'hub' };

describe('a node at a leaf server', () => {
  let hub: TestNats;
  let leaf: TestNats;
  let atHub: NatsConnection;
  let atLeaf: NatsConnection;
  let publisher: Publisher;
  let log: LogIdentity;
  let feed: Feed;
  let heard: Heard;

  beforeAll(async () => {
    const port = await freePort();
    hub = await startTestNats({
      domain: 'hub',
      config: `server_name: hub\nleafnodes { listen: "127.0.0.1:${port}", no_advertise: true }`,
    });
    const remote = `{ urls: [ "nats-leaf://127.0.0.1:${port}" ], deny_imports: [ "revocast.live.>" ], deny_exports: [ "revocast.live.>" ] }`;
    leaf = await startTestNats({ domain: 'leaf', config: `server_name: leaf\nleafnodes { remotes: [ ${remote} ] }` });
    atHub = await connect({ servers: hub.url });
    atLeaf = await connect({ servers: leaf.url });
    publisher = await connectedPublisher({ servers: [hub.url] });
    log = await publisher.createLog('e1');
    heard = new Heard();
    feed = aFeed({ servers: [leaf.url] }, LEAF);
    feed.open(heard);
    await until('the feed connects', () => heard.isConnected);
    // Once the leaf has reached its hub.
    await eventually(async () => {
      if ((await feed.locate()) === undefined) throw new Error('the leaf has no way to its hub');
    });
  }, 90_000);
  afterAll(async () => {
    await Promise.all([atHub.close(), atLeaf.close()]);
    await leaf.dispose();
    await hub.dispose();
  });

  const copyLog = async (): Promise<void> => {
    const { streams } = await jetstreamManager(atLeaf, { checkAPI: false });
    await streams.add({
      name: log.name,
      storage: 'file',
      mirror: { name: log.name, external: { api: '$JS.hub.API', deliver: '' } },
      ...{ allow_direct: true, mirror_direct: false },
      republish: { src: 'revocast.log.>', dest: 'revocast.live.>' },
    });
  };
  const namesOf = (records: readonly { readonly identity: string }[]): readonly string[] =>
    records.map(({ identity }) => identity);

  it('reads from the hub as long as the leaf has no copy', async () => {
    const records = [anEncodedRecord('e1'), anEncodedRecord('e1')];
    for (const record of records) await publisher.publish(record);
    expect((await feed.head(log)).last).toBe(2);
    expect(namesOf(await feed.read(log, sequence(1), sequence(2)))).toEqual(records.map(({ id }) => id));
  });

  it('hears each record once, from the copy of its leaf, under the sequence it has at the hub', async () => {
    await copyLog();
    await until('the copy tells what was there', () => heard.records.length >= 2);
    const record = anEncodedRecord('e1');
    const { sequence: at } = await publisher.publish(record);
    await until('the new one arrives', () => heard.records.some(({ identity }) => identity === record.id));
    const [last] = heard.records.filter(({ identity }) => identity === record.id);
    expect(last?.sequence).toBe(at);
    expect(heard.records).toHaveLength(3);
  });

  it('reads from the copy what it may, and compares with the hub what it holds', async () => {
    const { last } = await feed.head(log);
    const before = namesOf(await feed.read(log, sequence(1), last));
    // A log that is made again under its name leaves its copy silently as it was.
    const { streams } = await jetstreamManager(atHub, { checkAPI: false });
    const { config } = await streams.info(log.name);
    await streams.delete(log.name);
    await streams.add(config);
    for (let n = 1; n <= last; n++) await jetstream(atHub).publish('revocast.log.subject', `another ${n}`);
    const anew = await eventually(async () => {
      const located = await feed.locate();
      if (located === undefined || located.created === log.created) throw new Error('still the old log');
      return located;
    });
    expect((await feed.head(anew)).last).toBe(last);
    const [copied, original] = [
      await feed.read(anew, sequence(1), last),
      await feed.read(anew, sequence(1), last, { original: true }),
    ];
    expect(namesOf(copied)).toEqual(before);
    expect(original.map(({ kind }) => kind)).toEqual(original.map(() => 'foreign'));
  });

  it('a domain that could reach outside its subjects is refused', () => {
    expect(() => aFeed({ servers: [leaf.url] }, { hubDomain: 'hub.API.>' })).toThrow(/domain/);
  });
});
