import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Feed, type LogIdentity, sequence } from '@revocast/core';
import { type NatsSettings, type Publisher } from '@revocast/jetstream';
import { eventually, freePort, startTestNats, type TestNats } from '@revocast/testing';
import { anEncodedRecord, aPublisher, connectedPublisher, Heard, aFeed, until } from './support.js';

/** Three servers that know each other. */
const startCluster = async (): Promise<readonly TestNats[]> => {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  return Promise.all(
    ports.map((port, n) =>
      startTestNats({
        config: `server_name: n${n}\ncluster { name: test, listen: "127.0.0.1:${port}", routes: [ ${routes} ] }`,
      }),
    ),
  );
};

describe('a log with three copies', () => {
  let servers: readonly TestNats[] = [];
  let nats: NatsSettings;
  let publisher: Publisher;
  let log: LogIdentity;

  beforeAll(async () => {
    servers = await startCluster();
    nats = { servers: servers.map(({ url }) => url) };
    publisher = await connectedPublisher(nats, { replicas: 3 });
    // Until the servers have found each other and a leader, the API answers nothing.
    log = await eventually(() => publisher.createLog('e1'), { withinMs: 30_000 });
  }, 90_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.dispose()));
  }, 30_000);

  const leader = async (): Promise<TestNats> => {
    const raw = await connect({ servers: [...nats.servers] });
    const { cluster } = await (await jetstreamManager(raw)).streams.info(log.name);
    await raw.close();
    const found = servers.find((_, n) => `n${n}` === cluster?.leader);
    if (found === undefined) throw new Error('no leader');
    return found;
  };

  const feedOf = async (server: TestNats): Promise<Feed> => {
    const [feed, heard] = [aFeed({ servers: [server.url] }), new Heard()];
    feed.open(heard);
    await until('the feed connects', () => heard.isConnected);
    return feed;
  };

  it('proves its head by a majority that was heard lately', async () => {
    const { sequence: at } = await publisher.publish(anEncodedRecord('e1'));
    const head = await publisher.head(log);
    expect(head.last).toBe(at);
    expect(head.quorumAgeMs).toBeLessThan(2_000);
  });

  it('lets every server answer reads', async () => {
    const record = anEncodedRecord('e1');
    const { sequence: at } = await publisher.publish(record);
    for (const server of servers) {
      const feed = await feedOf(server);
      expect(await feed.read(log, at, at)).toMatchObject([{ identity: record.id }]);
      await feed.close();
    }
  });

  it('does not pass off the head of a leader that was cut off from its followers as proven now', async () => {
    const alone = await leader();
    const feed = await feedOf(alone);
    const others = servers.filter((server) => server !== alone);
    await Promise.all(others.map((server) => server.pause()));
    const provenMs = async (): Promise<number> => {
      // An answer without leader or majority is refused, which proves nothing either.
      const head = await feed.head(log).catch(() => undefined);
      return head === undefined ? Infinity : head.quorumAgeMs;
    };
    await eventually(async () => expect(await provenMs()).toBeGreaterThan(2_000), { withinMs: 15_000 });
    await Promise.all(others.map((server) => server.resume()));
    await eventually(async () => expect(await provenMs()).toBeLessThan(2_000), { withinMs: 30_000 });
    await feed.close();
  }, 60_000);

  it('loses no acknowledged record with its leader, and the same bytes settle what was under way', async () => {
    const writer = aPublisher(nats, { replicas: 3 });
    writer.open();
    await until('it connects', () => writer.state() === 'connected');
    const record = anEncodedRecord('e1');
    const gone = await leader();
    await gone.kill();
    const ack = await eventually(() => writer.publish(record), { withinMs: 40_000 });
    const [reader] = servers.filter((server) => server !== gone);
    const feed = await feedOf(reader!);
    const read = await eventually(() => feed.read(log, sequence(1), ack.sequence), { withinMs: 20_000 });
    expect(read.map((one) => one.sequence)).toEqual(read.map((_, n) => n + 1));
    expect(read.filter(({ identity }) => identity === record.id)).toHaveLength(1);
    await Promise.all([feed.close(), writer.close()]);
  }, 90_000);
});
