import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type LogIdentity, sequence } from '@revocast/core';
import { type NatsSettings, type Publisher } from '@revocast/jetstream';
import { startTestNats, type TestNats } from '@revocast/testing';
import { anEncodedRecord, aPublisher, connectedPublisher, until, subscribedFeed } from './support.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('the log', () => {
  let server: TestNats;
  let nats: NatsSettings;
  let publisher: Publisher;
  let log: LogIdentity;
  /** What an administrator or an attacker in the same account could do. */
  let raw: NatsConnection;

  beforeAll(async () => {
    server = await startTestNats();
    nats = { servers: [server.url] };
    publisher = await connectedPublisher(nats);
    raw = await connect({ servers: server.url });
    log = await publisher.createLog('e1');
  }, 60_000);

  afterAll(async () => {
    await raw.close();
    await publisher.close();
    await server.dispose();
  });

  it('is found by its subjects, and its leader tells the head', async () => {
    expect(log).toMatchObject({ name: 'REVOCAST_LOG_e1', epoch: 'e1' });
    expect(await publisher.locate()).toEqual(log);
    expect(await publisher.head(log)).toMatchObject({ log, quorumAgeMs: 0 });
  });

  it('is made once: making it again for its epoch gives the same log', async () => {
    expect(await publisher.createLog('e1')).toEqual(log);
  });

  it('lets no second one own its subjects: two creators of an epoch collide', async () => {
    await expect(publisher.createLog('e2')).rejects.toEqual(code('ERR_EPOCH_CHANGED'));
  });

  it('can be neither purged nor edited', async () => {
    const { sequence: at } = await publisher.publish(anEncodedRecord('e1'));
    const { streams } = await jetstreamManager(raw);
    await expect(streams.purge(log.name)).rejects.toThrow();
    await expect(streams.deleteMessage(log.name, at)).rejects.toThrow();
    expect((await publisher.head(log)).last).toBe(at);
  });

  it('is inspected without being changed: drift and the broker’s clock are seen', async () => {
    const { streams } = await jetstreamManager(raw);
    const before = await streams.info(log.name);
    expect(await publisher.inspect(log)).toMatchObject({ drift: [], lacking: [], brokerVersion: server.version });
    const meant = aPublisher(nats, { replicas: 3 });
    meant.open();
    await until('it connects', () => meant.state() === 'connected');
    expect((await meant.inspect(log)).drift).toEqual(['num_replicas is 1']);
    const { state, config } = await streams.info(log.name);
    expect({ state, config }).toEqual({ state: before.state, config: before.config });
    const names = [];
    for await (const name of streams.names()) names.push(name);
    expect(names).toEqual([log.name]);
  });

  it('tells the live feed of each record that it stores, and gives the same to who reads', async () => {
    const { feed, heard } = await subscribedFeed(nats);
    const records = Array.from({ length: 20 }, () => anEncodedRecord('e1'));
    const acks = await Promise.all(records.map((record) => publisher.publish(record)));
    await until('all are republished', () => heard.records.length === records.length);
    expect(heard.records.map(({ identity }) => identity).sort()).toEqual(records.map(({ id }) => id).sort());
    const sequences = acks.map((ack) => ack.sequence);
    const read = await feed.read(log, sequence(Math.min(...sequences)), sequence(Math.max(...sequences)));
    expect(read).toEqual(heard.records);
    await feed.close();
  });

  it('keeps one record of two publishes with the same bytes, and says where it stands', async () => {
    const { feed, heard } = await subscribedFeed(nats);
    const record = anEncodedRecord('e1');
    const first = await publisher.publish(record);
    expect(first).toMatchObject({ log: log.name, duplicate: false });
    expect(await publisher.publish(record)).toMatchObject({ sequence: first.sequence, duplicate: true });
    const { sequence: next } = await publisher.publish(anEncodedRecord('e1'));
    await until('the next record arrives', () => heard.records.at(-1)?.sequence === next);
    expect(heard.records.map(({ sequence: at }) => at)).toEqual([first.sequence, next]);
    await feed.close();
  });

  it('takes no record of another epoch', async () => {
    await expect(publisher.publish(anEncodedRecord('e0'))).rejects.toEqual(code('ERR_EPOCH_CHANGED'));
  });

  it('keeps records for longer when told so, and never for less', async () => {
    const maxAge = async (): Promise<number> =>
      (await (await jetstreamManager(raw)).streams.info(log.name)).config.max_age / 1e9;
    const longer = await connectedPublisher(nats, { maxAgeSeconds: 2 * 86_400 });
    await longer.raiseRetention(log);
    expect(await maxAge()).toBe(2 * 86_400);
    await publisher.raiseRetention(log);
    expect(await maxAge()).toBe(2 * 86_400);
    await longer.close();
  });

  it('is refused when the broker did not take over its settings', async () => {
    const { streams } = await jetstreamManager(raw);
    await streams.add({ name: 'STAGING_LOG_e1', subjects: ['staging.log.>'] });
    const staging = aPublisher(nats, { namespace: 'staging' });
    staging.open();
    await until('it connects', () => staging.state() === 'connected');
    await expect(staging.createLog('e1')).rejects.toEqual(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(/discard.*deny_purge.*republish/s),
      }),
    );
    await staging.close();
  });

  it('is not to be had before it is made, and makes room for another when it is removed', async () => {
    const other = aPublisher(nats, { namespace: 'other' });
    other.open();
    await until('it connects', () => other.state() === 'connected');
    expect(await other.locate()).toBeUndefined();
    await expect(other.publish(anEncodedRecord('e1', 'other'))).rejects.toEqual(code('ERR_LOG_UNAVAILABLE'));
    const first = await other.createLog('e1');
    await expect(other.removeLog({ ...first, created: 'earlier' })).rejects.toEqual(code('ERR_EPOCH_CHANGED'));
    await other.removeLog(first);
    await expect(other.head(first)).rejects.toEqual(code('ERR_LOG_UNAVAILABLE'));
    expect(await other.createLog('e2')).toMatchObject({ name: 'OTHER_LOG_e2' });
    await other.close();
  });
});

describe('a publisher without some of its rights', () => {
  it('is told by an inspection which ones the broker refuses', async () => {
    const denied = ['$JS.API.STREAM.UPDATE.>', 'revocast.log.>'];
    const config = `authorization { users: [ { user: all, password: p }, { user: less, password: p, permissions { publish { deny: ${JSON.stringify(denied)} } } } ] }`;
    const server = await startTestNats({ config });
    try {
      const as = (user: string): NatsSettings => ({ servers: [server.url], user, password: { text: 'p' } });
      const log = await (await connectedPublisher(as('all'))).createLog('e1');
      const { lacking } = await (await connectedPublisher(as('less'))).inspect(log);
      expect(lacking).toEqual([
        'publish $JS.API.STREAM.UPDATE.REVOCAST_LOG_diagnosis',
        'publish revocast.log.diagnosis',
      ]);
    } finally {
      await server.dispose();
    }
  }, 60_000);
});
